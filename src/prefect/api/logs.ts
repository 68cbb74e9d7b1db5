import type { Json } from "../../json";
import type { Client } from "../client";

export interface Log {
  id: string;
  name: string;
  /** As Python's logging: 20 is INFO, 40 is ERROR. */
  level: number;
  message: string;
  timestamp: string;
}

/** The logger by which whoever submits a run, as Prefect's workers do, writes into its log. */
export const SUBMITTER_LOGGER = "prefect.flow_runs.worker";

/** The most that one page of Prefect's has. */
const PAGE = 200;

/**
 * A page of a run's log, oldest first.
 * @param from skip what is older; lines of this very time come again
 * @param offset how many lines of that page were had already
 */
export async function readLogs(
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

/** A line to be written into a run's log. */
export interface LogEntry extends Omit<Log, "id"> {
  flow_run_id: string;
}

/** Write lines into runs' logs. */
export async function writeLogs(client: Client, lines: readonly LogEntry[]): Promise<void> {
  if (lines.length > 0) await client.request("POST", "/logs/", { json: lines as unknown as Json });
}
