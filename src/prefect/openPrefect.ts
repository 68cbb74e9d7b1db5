import type { LoadedManifest } from "../manifest";
import type { RunsParts } from "../runs";
import { UserError } from "../userError";
import { checkServer } from "./api/server";
import { type Client, type ClientOptions, createClient } from "./client";
import type { Shared } from "./dispatch/context";
import { findConnection } from "./findConnection";

/** The Prefect API that a manifest names, and what running from it needs. */
export interface OpenPrefect {
  client: Client;
  shared: Shared;
}

/**
 * Connect to the Prefect API that a manifest names.
 * @throws {UserError} if it names none (2), or one that is out of reach, refuses, or is too old (5)
 */
export async function openPrefect(
  loaded: LoadedManifest,
  { ledger, openTarget, digestKey, env, warn, listeners }: RunsParts,
  options: ClientOptions = {},
): Promise<OpenPrefect> {
  const { manifest, stack } = loaded;
  const client = await openClient(loaded, env, { tell: (message) => listeners?.tell(message), ...options });
  let key: Buffer | undefined;
  return {
    client,
    shared: {
      ledger,
      stack,
      env,
      openTarget,
      poolsBeside: (name) => manifest.pools[name] ?? {},
      ...(warn ? { warn } : {}),
      ...(listeners ? { listeners } : {}),
      digestKey: () => {
        key ??= digestKey();
        return key;
      },
    },
  };
}

/** Its client alone. @throws as {@link openPrefect} */
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

/** A manifest's secret is wrapped; one that is only masked here counts as none, and the environment's may do. */
function textOf(auth: unknown): string {
  if (typeof auth === "string") return auth;
  const secret = auth as { known?: boolean; reveal?: () => unknown };
  return secret.known ? String(secret.reveal?.()) : "";
}
