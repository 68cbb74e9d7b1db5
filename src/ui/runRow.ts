import type { RunSummary } from "../ledger/ledger";
import { describeHost } from "../machineName";
import type { Run } from "../model/run";
import type { RunRow } from "./wire";

/** A run of a list, as the page gets it. */
export function rowOf(run: Run | RunSummary, on: RunRow["on"], prefectUrl?: string): RunRow {
  return {
    id: run.id,
    name: run.name,
    stack: run.stack,
    deployment: run.deployment,
    workPool: run.workPool,
    workQueue: run.workQueue,
    tags: run.tags,
    attempt: run.attempt,
    state: run.state,
    createdAt: run.createdAt,
    ...(run.startedAt === undefined ? {} : { startedAt: run.startedAt }),
    ...(run.endedAt === undefined ? {} : { endedAt: run.endedAt }),
    ...(run.outcome === undefined ? {} : { outcome: run.outcome }),
    ...(run.host === undefined ? {} : { host: describeHost(run.host, "") }),
    version: run.version,
    on,
    ...(prefectUrl === undefined ? {} : { prefectUrl }),
  };
}
