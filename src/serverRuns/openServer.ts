import type { LoadedManifest } from "../manifest";
import type { Client, ClientOptions } from "../prefect/client";
import { openClient } from "../prefect/openClient";
import type { RunsParts } from "../runs";
import type { DigestKey } from "../runs/storedSecrets";
import type { Shared } from "./contextMaker";

/** The Prefect API that a manifest names, and the parts for running from it. */
export interface OpenServer {
  client: Client;
  shared: Shared;
}

/**
 * Connect to the Prefect API that a manifest names.
 * @throws {UserError} if it names none (exit code 2), or if the API cannot be reached, refuses access, or is too old (5)
 */
export async function openServer(
  loaded: LoadedManifest,
  { ledger, openTarget, digestKey, env, warn, listeners }: RunsParts,
  options: ClientOptions = {},
): Promise<OpenServer> {
  const { manifest, stack } = loaded;
  const client = await openClient(loaded, env, { tell: (message) => listeners?.tell(message), ...options });
  let key: ReturnType<DigestKey> | undefined;
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
