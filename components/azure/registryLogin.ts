import { setTimeout as pause } from "node:timers/promises";
import { getClientConfigOutput } from "@pulumi/azure-native/authorization/getClientConfig";
import { getClientTokenOutput } from "@pulumi/azure-native/authorization/getClientToken";
import * as pulumi from "@pulumi/pulumi";
import { foundLater } from "../checks";
import type { RegistryLogin } from "../flowImage";

/** The name of a user who logs in by a token. */
const BY_TOKEN = "00000000-0000-0000-0000-000000000000";
/** How often, and after how many milliseconds, a new registry is asked again. Its name takes some time to be known. */
const ATTEMPTS = 12;
const PACE = 5_000;

/**
 * The login to Azure Container Registry of the identity that runs `pulumi up`. The registry exchanges the token of its Azure provider for
 * its own, as `az acr login` does. That token is valid for three hours.
 *
 * ```ts
 * const image = new FlowImage("etl", { build: { context: __dirname, repository }, ...registryLogin(images.loginServer) });
 * ```
 * @param loginServer the host of the registry: NAME.azurecr.io
 * @param endpoint base URL of the registry, for emulators. @default `https://` and the host
 * @see https://azure.github.io/acr/AAD-OAuth.html
 */
export function registryLogin(
  loginServer: pulumi.Input<string>,
  options: pulumi.InvokeOptions = {},
  endpoint?: pulumi.Input<string>,
): RegistryLogin {
  const { tenantId } = getClientConfigOutput(options);
  const { token } = getClientTokenOutput({}, options);
  const asked = pulumi.all([loginServer, tenantId, pulumi.secret(token), endpoint] as const);
  // A preview pushes nothing, and the registry may not be reachable from where it runs.
  const password = asked.apply(([service, tenant, secret, base]) =>
    pulumi.runtime.isDryRun() ? "" : exchanged(`${base ?? `https://${service}`}/oauth2/exchange`, { service, tenant, token: secret }),
  );
  return { username: BY_TOKEN, password: pulumi.secret(password) };
}

interface Exchange {
  service: string;
  tenant: string;
  token: string;
}

async function exchanged(url: string, { service, tenant, token }: Exchange): Promise<string> {
  const body = new URLSearchParams({ grant_type: "access_token", service, tenant, access_token: token });
  for (let attempt = 1; ; attempt++) {
    const reply = await fetch(url, { method: "POST", body }).catch((error: Error) => error);
    if (reply instanceof Error) {
      if (attempt < ATTEMPTS) await pause(PACE);
      else throw foundLater(`the registry ${service} did not answer: ${reasonOf(reply)}`, undefined);
      continue;
    }
    const text = await reply.text();
    if (reply.ok) return (JSON.parse(text) as { refresh_token: string }).refresh_token;
    throw foundLater(
      `the registry ${service} refused the login of Pulumi's provider (HTTP ${reply.status}): ${messageIn(text)}. Pushing needs AcrPush, Contributor or Owner there`,
      undefined,
    );
  }
}

/** `fetch` says only that it failed; the reason is in the cause. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** The reply of a registry has a list of errors. It is never the token. */
function messageIn(text: string): string {
  const [, message = "no reason given"] = /"message"\s*:\s*"([^"]*)"/.exec(text) ?? [];
  return message;
}
