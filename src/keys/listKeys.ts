import type { JsonObject } from "../json";
import type { ListedKey } from "./keyPlan";

/** Where a cloud lists keys, and the access token of whoever runs `up`. */
export interface KeyListing {
  /** Base URL of the service. */
  service: string;
  token: string;
}

/**
 * The keys of a service account that people made (https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys/list).
 * @param account `projects/PROJECT/serviceAccounts/EMAIL`
 * @returns `undefined` if Google does not say: the token may not list them, or no reply came
 */
export async function listGoogleKeys(at: KeyListing, account: string): Promise<ListedKey[] | undefined> {
  const reply = await got(at, `/v1/${account}/keys?keyTypes=USER_MANAGED`);
  const keys = reply && ((reply.keys ?? []) as { name: string; validAfterTime: string; disabled?: boolean }[]);
  return keys?.map(({ name, validAfterTime, disabled }) => ({
    keyId: name.slice(name.lastIndexOf("/") + 1),
    createdAt: validAfterTime,
    ...(disabled === true ? { isDisabled: true } : {}),
  }));
}

/**
 * The secrets of an application (https://learn.microsoft.com/graph/api/application-get).
 * @param application `/applications/OBJECT-ID`
 * @returns `undefined` if Microsoft Graph does not say: the token may not read the application, or no reply came
 */
export async function listAzureKeys(at: KeyListing, application: string): Promise<ListedKey[] | undefined> {
  const reply = await got(at, `/v1.0${application}?$select=passwordCredentials`);
  const secrets = reply?.passwordCredentials as { keyId: string; startDateTime: string }[] | undefined;
  return secrets?.map(({ keyId, startDateTime }) => ({ keyId, createdAt: startDateTime }));
}

async function got({ service, token }: KeyListing, path: string): Promise<JsonObject | undefined> {
  try {
    const headers = { authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(30_000);
    const response = await fetch(`${service.replace(/\/+$/, "")}${path}`, { headers, redirect: "error", signal });
    return response.ok ? ((await response.json()) as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
