import type { Logger } from "pino";
import type { LoadedManifest } from "../manifest";
import type { RunsParts } from "../runs";
import type { MissedPolicy } from "../schedules";
import type { StartUp } from "../serverRuns/record";
import { Dispatcher } from "./dispatcher";
import { type EndpointPlace, openEndpoint } from "./endpoint";
import { createMetrics } from "./metrics";
import { Report } from "./report";
import type { RunSource } from "./runSource";

export interface Serving {
  loaded: LoadedManifest;
  runs: RunsParts;
  /** The variables for `{{ $NAME }}` in templates. */
  templateEnv: NodeJS.ProcessEnv;
  /** Names of work pools; empty for all of the manifest's. */
  pools: readonly string[];
  /** What to do about missed occurrences of a schedule; a Prefect server has its own rule. */
  missed: MissedPolicy;
  /** How to start a run of a Prefect server. */
  startUp: StartUp;
  /** Time that a cancelled run has to end by itself. */
  graceSeconds: number;
  endpoint: EndpointPlace;
  log: Logger;
  /** Ends it: it begins nothing more; running runs continue, and the next dispatcher takes them up. */
  signal: AbortSignal;
  /** Called when it serves. @param what `of`: see {@link RunSource.of}; `url`: of the endpoint */
  onServing: (what: { pools: readonly string[]; of: string; url: string }) => void;
}

/**
 * Dispatch the runs of work pools until `signal` fires: those of the Prefect API that the manifest names, else those of the ledger.
 * @throws {UserError} if a work pool cannot be served, the endpoint's port is in use, or the API is unreachable at first
 */
export async function serve({ endpoint, log, signal, onServing, ...serving }: Serving): Promise<void> {
  let source: RunSource | undefined;
  const metrics = createMetrics({
    inHand: () => source?.inHand() ?? {},
    ...(serving.loaded.manifest.prefect ? { requests: () => source?.requests?.() ?? 0 } : {}),
  });
  const report = new Report(log, metrics);
  const dispatcher = new Dispatcher(signal, (event) => report.tell(event));
  const opened = await openSource(serving, dispatcher);
  source = opened;
  const open = await openEndpoint({ ...endpoint, metrics: () => metrics.text(), health: () => opened.health() });
  try {
    onServing({ pools: opened.pools, of: opened.of, url: open.url });
    await dispatcher.run(opened);
  } finally {
    await open.close();
  }
}

/** Loads nothing of the other source. */
async function openSource(
  { loaded, runs, templateEnv, pools, missed, startUp, graceSeconds }: Omit<Serving, "endpoint" | "log" | "signal" | "onServing">,
  dispatcher: Dispatcher,
): Promise<RunSource> {
  const common = { loaded, dispatcher, pools, graceSeconds };
  if (loaded.manifest.prefect) {
    const { openServerSource } = await import("./server/openServerSource.js");
    return openServerSource({ ...common, runs, templateEnv, startUp });
  }
  const { ledgerSource } = await import("./ledger/ledgerSource.js");
  return ledgerSource({ ...common, runs: { ...runs, templateEnv }, missed });
}
