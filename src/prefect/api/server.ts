import { UserError } from "../../userError";
import type { Client } from "../client";

/** The oldest server that is worked with: its API is that of Prefect 3. */
const OLDEST = 3;

/**
 * Ask whether there is a Prefect API that can be worked with, as one does before anything else is said to it.
 * @returns the server's version; `undefined` on Prefect Cloud, which is always new
 * @throws {UserError} exit code 5: unreachable, refused, not Prefect, or too old
 */
export async function checkServer(client: Client): Promise<string | undefined> {
  const { apiUrl, origin, isCloud } = client.connection;
  if (isCloud) {
    // Something small that needs the key and the workspace.
    await client.request("POST", "/work_pools/filter", { json: { limit: 1 } });
    return undefined;
  }
  const { body } = await client.request("GET", "/admin/version");
  const major = typeof body === "string" ? Number(/^(\d+)\./.exec(body)?.[1]) : Number.NaN;
  if (typeof body !== "string" || Number.isNaN(major))
    throw new UserError(`there is no Prefect API at ${apiUrl} (${origin}): that of a server of your own ends in /api`, 5);
  if (major < OLDEST)
    throw new UserError(`the Prefect server at ${apiUrl} (${origin}) is too old: it is ${body}, and pushpool needs 3.0 or newer`, 5);
  client.version = body;
  return body;
}

/**
 * Whether the server is older than 3.2: its schedules have no slug and no parameters, and a deployment's pull steps and parameter schema
 * cannot be changed by PATCH.
 */
export function isBefore32({ version }: Client): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  return Number(major) === 3 && Number(minor) < 2;
}
