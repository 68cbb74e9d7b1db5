import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { LoadedManifest } from "../../manifest";
import type { RunsParts } from "../../runs";
import { openServer } from "../../serverRuns/openServer";
import type { StartUp } from "../../serverRuns/record";
import { UserError } from "../../userError";
import type { Dispatcher } from "../dispatcher";
import { ServerSource } from "./serverSource";

/** How long requests are still repeated after the dispatcher was told to end, in milliseconds. */
const LAST_TRIES = 10_000;
/** How long to repeat one request, in milliseconds: a server may be away for a night. */
const PATIENCE = 24 * 3_600_000;

export interface OpenServerSource {
  loaded: LoadedManifest;
  runs: RunsParts;
  /** For `{{ $NAME }}` in templates. */
  templateEnv: NodeJS.ProcessEnv;
  dispatcher: Dispatcher;
  /** Names of work pools; none for all that the manifest has. */
  pools: readonly string[];
  startUp: StartUp;
  graceSeconds: number;
}

/**
 * The source over the Prefect API that a manifest names.
 * @throws {UserError} if a pool cannot be served from here, or the API is out of reach at first
 */
export async function openServerSource({
  loaded,
  runs,
  templateEnv,
  dispatcher,
  startUp,
  graceSeconds,
  ...asked
}: OpenServerSource): Promise<ServerSource> {
  const lastTries = new AbortController();
  const { client, shared } = await openServer(loaded, runs, {
    patienceMs: PATIENCE,
    // Each repeat has a line of its own.
    tell: () => {},
    lastTries: lastTries.signal,
    onRepeat: (reason, pauseMs) => dispatcher.tell({ kind: "repeated", reason, pauseMs }),
  });
  const pools = asked.pools.length > 0 ? [...new Set(asked.pools)] : Object.keys(loaded.manifest.pools);
  if (pools.length === 0) throw new UserError(`${loaded.origin} has no work pools: name those to serve with --pool`);
  const giveUp = () => setTimeout(() => lastTries.abort(), LAST_TRIES).unref();
  dispatcher.signal.addEventListener("abort", giveUp, { once: true });
  return ServerSource.open({
    client,
    pools,
    dispatcher,
    name: { id: randomUUID(), name: `pushpool ${hostname()}` },
    shared: { ...shared, env: templateEnv },
    startUp,
    graceSeconds,
  });
}
