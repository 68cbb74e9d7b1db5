import type { LoadedManifest } from "../manifest";
import { UserError } from "../userError";
import { checkServer } from "./api/server";
import { type Client, type ClientOptions, createClient } from "./client";
import { findConnection } from "./findConnection";

/**
 * Create a client of the Prefect API that a manifest names.
 * @throws {UserError} if it names none (exit code 2), or if that API is unreachable, refuses the key, or is too old (5)
 */
export async function openClient(
  { manifest, origin }: LoadedManifest,
  env: NodeJS.ProcessEnv,
  options: ClientOptions = {},
): Promise<Client> {
  if (!manifest.prefect) throw new UserError(`${origin} names no Prefect API`);
  const { apiUrl, auth } = manifest.prefect;
  const explicit = { apiUrl, origin: `prefect.apiUrl in ${origin}`, ...(auth === undefined ? {} : { auth: textOf(auth) }) };
  const connection = findConnection(env, explicit);
  if (!connection) throw new UserError(`prefect.apiUrl in ${origin}: leads to no Prefect API`);
  const client = createClient(connection, options);
  await checkServer(client);
  return client;
}

/** The text of a manifest's key. A masked one counts as absent; the environment's key may then be used. */
function textOf(auth: unknown): string {
  if (typeof auth === "string") return auth;
  const secret = auth as { known?: boolean; reveal?: () => unknown };
  return secret.known ? String(secret.reveal?.()) : "";
}
