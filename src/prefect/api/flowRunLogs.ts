import type { Json } from "../../json";
import type { Client } from "../client";

export interface Log {
  id: string;
  name: string;
  /** As in Python's logging: 20 is INFO, 40 is ERROR. */
  level: number;
  message: string;
  timestamp: string;
}

/** The logger name under which a worker writes into the log of a run that it submits. */
export const SUBMITTER_LOGGER = "prefect.flow_runs.worker";

/** The largest page that Prefect returns. */
const PAGE = 200;

/**
 * A page of a run's log, oldest first.
 * @param from skip older lines; lines with exactly this time come again
 * @param offset how many lines from `from` on to skip
 */
export async function readServerLogs(
  client: Client,
  runId: string,
  { from, offset = 0, signal }: { from?: string; offset?: number; signal?: AbortSignal } = {},
): Promise<{ logs: Log[]; isLast: boolean }> {
  const json = {
    logs: { flow_run_id: { any_: [runId] }, ...(from === undefined ? {} : { timestamp: { after_: from } }) },
    sort: "TIMESTAMP_ASC",
    limit: PAGE,
    offset,
  };
  const { body } = await client.request<Log[]>("POST", "/logs/filter", { json, ...(signal ? { signal } : {}) });
  return { logs: body, isLast: body.length < PAGE };
}

/** A line to write into a run's log. */
export interface ServerLogEntry extends Omit<Log, "id"> {
  flow_run_id: string;
}

/** Write lines into runs' logs. */
export async function writeLogs(client: Client, lines: readonly ServerLogEntry[], signal?: AbortSignal): Promise<void> {
  if (lines.length > 0) await client.request("POST", "/logs/", { json: lines as unknown as Json, ...(signal ? { signal } : {}) });
}
