import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Logger } from "pino";
import type { LoadedManifest } from "../../manifest";
import type { RunsParts } from "../../runs";
import { openServer } from "../../serverRuns/openServer";
import type { StartUp } from "../../serverRuns/record";
import { UserError } from "../../userError";
import { type EndpointPlace, openEndpoint } from "../endpoint";
import { type ApiMetrics, createApiMetrics } from "../metrics";
import { Report } from "./report";
import { serve } from "./serve";

/** How long the API may be out of reach, in milliseconds, before the dispatcher counts as unhealthy. */
const UNHEALTHY = 90_000;
/** How long what is begun may take to be brought to where another one can take it up, in milliseconds. */
const LAST_TRIES = 10_000;
/** How long one request is repeated, in milliseconds: a server may be away for a night. */
const PATIENCE = 24 * 3_600_000;

export interface ServingApi {
  loaded: LoadedManifest;
  parts: RunsParts;
  /** For `{{ $NAME }}` in templates. */
  templateEnv: NodeJS.ProcessEnv;
  /** Names of work pools; none for all that the manifest has. */
  pools: readonly string[];
  startUp: StartUp;
  graceSeconds: number;
  /** Absent: no endpoint. */
  endpoint?: EndpointPlace;
  log: Logger;
  signal: AbortSignal;
  /** It is under way. @param url of the endpoint */
  onServing: (what: { pools: readonly string[]; apiUrl: string; url?: string }) => void;
}

/**
 * Dispatch the work pools of the Prefect API that the manifest names, until `signal` fires.
 * @throws {UserError} if a pool cannot be served from here, or the API is out of reach at first
 */
export async function serveApi({
  loaded,
  parts,
  templateEnv,
  startUp,
  graceSeconds,
  endpoint,
  log,
  signal,
  onServing,
  ...asked
}: ServingApi): Promise<void> {
  const lastTries = new AbortController();
  let metrics: ApiMetrics | undefined;
  const { client, shared } = await openServer(loaded, parts, {
    patienceMs: PATIENCE,
    // Each repeat has a line of its own.
    tell: () => {},
    lastTries: lastTries.signal,
    onRepeat: (reason, pause) => {
      metrics?.apiErrors.inc({ answer: /answered (\d+)/.exec(reason)?.[1] ?? "no_answer" });
      log.warn({ reason, pauseMs: pause }, "the Prefect API gave no answer; asking again");
    },
  });
  const report = new Report(
    log,
    () => metrics as ApiMetrics,
    () => client.clock.now(),
  );
  metrics = createApiMetrics({ inHand: () => report.inHand(), requests: () => client.sent });
  const pools = asked.pools.length > 0 ? [...new Set(asked.pools)] : Object.keys(loaded.manifest.pools);
  if (pools.length === 0) throw new UserError(`${loaded.origin} has no work pools: name those to serve with --pool`);
  const open = endpoint
    ? await openEndpoint({
        ...endpoint,
        metrics: () => (metrics as ApiMetrics).text(),
        health: () => ({
          healthy: Date.now() - client.answeredAt < UNHEALTHY,
          api: client.connection.apiUrl,
          secondsSinceAnswer: Math.round((Date.now() - client.answeredAt) / 1000),
          workPools: pools,
          ...report.inHand(),
        }),
      })
    : undefined;
  const giveUp = () => setTimeout(() => lastTries.abort(), LAST_TRIES).unref();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    await serve({
      client,
      pools,
      dispatcher: { id: randomUUID(), name: `pushpool ${hostname()}` },
      shared: { ...shared, env: templateEnv },
      startUp,
      graceSeconds,
      signal,
      onReady: () => onServing({ pools, apiUrl: client.connection.apiUrl, ...(open ? { url: open.url } : {}) }),
      onEvent: (event) => report.tell(event),
      onServerEvent: (event) => report.hear(event),
    });
  } finally {
    await open?.close();
  }
}
