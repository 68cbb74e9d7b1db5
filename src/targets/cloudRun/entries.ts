import type { LogLine } from "../target";
import { type ExecutionName, regionOf } from "./names";

/** A log entry as Cloud Logging's `entries:list` gives it, as far as it matters here. */
export interface Entry {
  insertId: string;
  /** ISO 8601 with up to nine decimals. */
  timestamp: string;
  logName: string;
  textPayload?: string;
  jsonPayload?: unknown;
  labels?: Record<string, string>;
}

/** Up to where a run's log has been read. */
export interface Position {
  /** Time of the newest line that was given out, in milliseconds; 0: none was. */
  time: number;
  /** Lines that may come again, since late ones are looked for: insertId and time. */
  seen: Record<string, number>;
}

const START: Position = { time: 0, seen: {} };

export function parseCursor(cursor: string | undefined): Position {
  return cursor === undefined || cursor === "" ? START : (JSON.parse(cursor) as Position);
}

export function formatCursor(position: Position): string {
  return JSON.stringify(position);
}

/** Entries of these executions after their positions: late lines are older than what was read before, so each query goes back by `late` milliseconds. */
export function filterOf(wanted: readonly { name: ExecutionName; since: number }[]): string {
  const [first] = wanted;
  const conditions = wanted.map(({ name, since }) => {
    const after = `timestamp>="${new Date(since).toISOString()}"`;
    return `(resource.labels.job_name="${name.job}" AND labels."run.googleapis.com/execution_name"="${name.execution}" AND ${after})`;
  });
  return [
    'resource.type="cloud_run_job"',
    `resource.labels.location="${regionOf(first?.name.parent ?? "")}"`,
    conditions.length === 1 ? conditions[0] : `(${conditions.join(" OR ")})`,
  ].join(" AND ");
}

export function executionOf(entry: Entry): string | undefined {
  return entry.labels?.["run.googleapis.com/execution_name"];
}

/** What of some entries is new at a position, in their order, and the position after them. @param late as for {@link filterOf} */
export function take(position: Position, entries: readonly Entry[], late: number): { lines: LogLine[]; position: Position } {
  const lines: LogLine[] = [];
  const seen: Record<string, number> = { ...position.seen };
  let { time } = position;
  for (const entry of entries) {
    const at = Date.parse(entry.timestamp);
    if (seen[entry.insertId] !== undefined) continue;
    seen[entry.insertId] = at;
    time = Math.max(time, at);
    const line = lineOf(entry);
    if (line) lines.push(line);
  }
  const kept = Object.entries(seen).filter(([, at]) => at >= time - late);
  return { lines, position: { time, seen: Object.fromEntries(kept) } };
}

/** Of what Cloud Run writes beside the container (its own system log) nothing is the run's output. */
function lineOf(entry: Entry): LogLine | undefined {
  const stream = /%2F(stdout|stderr)$/.exec(entry.logName)?.[1] as LogLine["stream"] | undefined;
  if (stream === undefined) return undefined;
  const text = entry.textPayload ?? (entry.jsonPayload === undefined ? "" : JSON.stringify(entry.jsonPayload));
  return { at: new Date(Date.parse(entry.timestamp)).toISOString(), stream, text: text.replace(/\r?\n$/, "") };
}
