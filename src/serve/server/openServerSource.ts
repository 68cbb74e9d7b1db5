import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { LoadedManifest } from "../../manifest";
import type { RunsParts } from "../../runs";
import { openServer } from "../../serverRuns/openServer";
import type { StartUp } from "../../serverRuns/record";
import { UserError } from "../../userError";
import type { Dispatcher } from "../dispatcher";
import { ServerSource } from "./serverSource";

/** How long to repeat requests after the dispatcher was asked to end, in milliseconds. */
const LAST_TRIES = 10_000;
/** How long to repeat one request, in milliseconds: a server may be down for a night. */
const PATIENCE = 24 * 3_600_000;

export interface OpenServerSource {
  loaded: LoadedManifest;
  runs: RunsParts;
  /** The variables for `{{ $NAME }}` in templates. */
  templateEnv: NodeJS.ProcessEnv;
  dispatcher: Dispatcher;
  /** Names of work pools; empty for all of the manifest's. */
  pools: readonly string[];
  startUp: StartUp;
  graceSeconds: number;
}

/**
 * Open the source for the Prefect API that a manifest names.
 * @throws {UserError} if a pool cannot be served from here, or the API is unreachable at first
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
    // Each retry has its own log line.
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
