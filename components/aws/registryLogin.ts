import { getAuthorizationTokenOutput } from "@pulumi/aws/ecr/getAuthorizationToken";
import * as pulumi from "@pulumi/pulumi";
import type { RegistryLogin } from "../flowImage";

/**
 * The login to Elastic Container Registry of the identity that runs `pulumi up`: a token from its AWS provider. It is valid for 12 hours.
 *
 * ```ts
 * const image = new FlowImage("etl", { build: { context: __dirname, repository: images.url }, ...registryLogin(images.url) });
 * ```
 * @param repository the image's name before the tag, which contains the account and the region
 * @throws {pulumi.RunError} if it is not a repository of Elastic Container Registry
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
 */
export function registryLogin(repository: pulumi.Input<string>, options: pulumi.InvokeOptions = {}): RegistryLogin {
  const place = pulumi.output(repository).apply(placeOf);
  const { userName, password } = getAuthorizationTokenOutput({ registryId: place.account, region: place.region }, options);
  return { username: userName, password: pulumi.secret(password) };
}

/** The host of a registry: https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html. */
const ECR = /^([0-9]{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/./;

/** Whether this is the name of an image in Elastic Container Registry. */
export function isInEcr(repository: string): boolean {
  return ECR.test(repository);
}

function placeOf(repository: string): { account: string; region: string } {
  const [, account = "", region = ""] = ECR.exec(repository) ?? [];
  if (account === "")
    throw new pulumi.RunError(`registryLogin(): "${repository}" must be a repository of Elastic Container Registry, such as ${AN_EXAMPLE}`);
  return { account, region };
}

/** For messages. */
export const AN_EXAMPLE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/flows";
