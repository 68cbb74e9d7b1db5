import type { JsonObject } from "../../../json";
import type { FakeRegistry, RegistryLogin } from "../shared/fakeRegistry";
import type { Operation } from "./awsCall";
import type { Principal } from "./awsIam";
import type { World } from "./awsWorld";

/** How long a token is valid, in milliseconds (https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html). */
const LIFETIME = 12 * 3_600_000;

/** The one operation of ECR's API that a login needs. It is checked without a description: no user installs the SDK of ECR. */
export const ECR_OPERATIONS: readonly Operation[] = [
  {
    action: "ecr:GetAuthorizationToken",
    handle: ({ world, principal, body: { registryIds = [world.options.account] } }) => {
      world.iam.check(principal, "ecr:GetAuthorizationToken", "*");
      const expiresAt = (Date.now() + LIFETIME) / 1000;
      return {
        authorizationData: (registryIds as string[]).map((account): JsonObject => {
          const password = world.registryTokens.give({ principal, until: expiresAt * 1000 });
          const proxyEndpoint = `https://${hostOf(world, account)}`;
          return { authorizationToken: Buffer.from(`AWS:${password}`).toString("base64"), expiresAt, proxyEndpoint };
        }),
      };
    },
  },
];

/** The host of an account's registry. */
export function hostOf({ options: { region } }: World, account: string): string {
  return `${account}.dkr.ecr.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

/** The actions of IAM that docker's calls need (https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html). */
const ACTIONS = { pull: "ecr:BatchGetImage", push: "ecr:PutImage", delete: "ecr:BatchDeleteImage" } as const;

/** The registry of the account. */
export function ecrRegistry(world: World): FakeRegistry {
  const host = hostOf(world, world.options.account);
  const nameOf = (repository: string) => repository.slice(host.length + 1);
  return {
    images: world.registry,
    serves: (repository) => repository.startsWith(`${host}/`),
    refusal: async (action, repository, login) => {
      const caller = callerOf(world, login);
      if (caller === undefined) return "no basic auth credentials";
      if (typeof caller === "string") return caller;
      const name = nameOf(repository);
      const arn = world.arn("ecr", `repository/${name}`);
      if (!world.iam.allows(caller, ACTIONS[action], arn, {}))
        return `denied: User: ${caller.arn} is not authorized to perform: ${ACTIONS[action]} on resource: ${arn} because no identity-based policy allows the ${ACTIONS[action]} action`;
      if (world.surroundings.things.get(name)?.kind === "ecr") return undefined;
      return `name unknown: The repository with name '${name}' does not exist in the registry with id '${world.options.account}'`;
    },
  };
}

/** @returns the registry's refusal as a string */
function callerOf(world: World, login: RegistryLogin | undefined): Principal | string | undefined {
  if (!login) return undefined;
  const given = login.username === "AWS" ? world.registryTokens.find(login.password) : undefined;
  if (!given) return "denied: Your authorization token is invalid. Reauthenticate and try again.";
  return given.until > Date.now() ? given.principal : "denied: Your authorization token has expired. Reauthenticate and try again.";
}
