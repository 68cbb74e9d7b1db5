import type { LoadedManifest } from "../manifest";
import { readServerSettings } from "../prefect/api/server";
import type { Client } from "../prefect/client";
import { openClient } from "../prefect/openClient";
import { prefectPages } from "./prefectPages";

/** How long a page waits for a server, in milliseconds: it shows what the ledger knows instead. */
const PATIENCE = 3_000;
const TIMEOUT = 10_000;

/** The Prefect server of a stack, for reading. */
export interface PrefectServer {
  client: Client;
  /** Address of Prefect's own pages, without a trailing slash. */
  pages: string | null;
}

/**
 * Connect to the Prefect server that a manifest names.
 * @throws {UserError} if it does not answer, refuses the key, or is too old
 */
export async function openPrefectServer(loaded: LoadedManifest, env: NodeJS.ProcessEnv): Promise<PrefectServer> {
  const client = await openClient(loaded, env, { patienceMs: PATIENCE, timeoutMs: TIMEOUT });
  const { connection } = client;
  const settings = connection.isCloud || env.PREFECT_UI_URL ? {} : await readServerSettings(client);
  return { client, pages: prefectPages(connection, env, settings.ui_url) };
}
