import { getClientConfigOutput } from "@pulumi/gcp/organizations/getClientConfig";
import * as pulumi from "@pulumi/pulumi";
import type { RegistryLogin } from "../flowImage";

/**
 * The login to Artifact Registry of the identity that runs `pulumi up`: the access token of its Google provider. It is valid for an hour.
 *
 * ```ts
 * const image = new FlowImage("etl", { build: { context: __dirname, repository }, ...registryLogin() });
 * ```
 * @see https://cloud.google.com/artifact-registry/docs/docker/authentication#token
 */
export function registryLogin(options: pulumi.InvokeOptions = {}): RegistryLogin {
  return { username: "oauth2accesstoken", password: pulumi.secret(getClientConfigOutput(options).accessToken) };
}
