import { isJsonObject, type JsonObject } from "../../json";
import { UserError } from "../../userError";
import type { Client } from "../client";

/** The oldest supported major version. */
const OLDEST = 3;

/**
 * Check that the Prefect API exists and is supported, before any other request.
 * @returns the server's version; `undefined` on Prefect Cloud, which is always new
 * @throws {UserError} if it is unreachable, refuses the key, is not Prefect, or is too old (exit code 5)
 */
export async function checkServer(client: Client): Promise<string | undefined> {
  const { apiUrl, origin, isCloud } = client.connection;
  if (isCloud) {
    // A small request that needs the key and the workspace.
    await client.request("POST", "/work_pools/filter", { json: { limit: 1 } });
    return undefined;
  }
  const { body } = await client.request("GET", "/admin/version");
  const major = typeof body === "string" ? Number(/^(\d+)\./.exec(body)?.[1]) : Number.NaN;
  if (typeof body !== "string" || Number.isNaN(major))
    throw new UserError(`there is no Prefect API at ${apiUrl} (${origin}): the URL of a self-hosted server ends in /api`, 5);
  if (major < OLDEST)
    throw new UserError(`the Prefect server at ${apiUrl} (${origin}) is too old: it is ${body}, and pushpool needs 3.0 or newer`, 5);
  client.version = body;
  return body;
}

/** The settings of a self-hosted server, with its secrets masked; empty if it does not show them. */
export async function readServerSettings(client: Client): Promise<JsonObject> {
  const { status, body } = await client.request<JsonObject>("GET", "/admin/settings", { allow: [401, 403, 404] });
  return status < 300 && isJsonObject(body) ? body : {};
}

/**
 * Whether the server is older than 3.2. Its schedules have no slug and no parameters, and PATCH cannot change a deployment's pull steps and
 * parameter schema.
 */
export function isBefore32({ version }: Client): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  return Number(major) === 3 && Number(minor) < 2;
}
