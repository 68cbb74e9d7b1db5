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

/** Up to where a run's log has been read. Times are Google's, in milliseconds. */
export interface Position {
  /** Lines so much older than this as a line may be late have all come; 0: nothing was read. */
  time: number;
  /** Lines that may come again, since late ones are looked for: insertId and time. */
  seen: Record<string, number>;
  /** A reading that was left before its end, for the quota or its size: where it goes on, and when it was begun. */
  walk?: { on: number; at: number };
}

/** What was read at once: some pages, for one or more runs. */
export interface Read {
  /** When, by Google's clock; late lines that came in after it may be missing. */
  at: number;
  /** Time of the last entry, where pages were left unread. */
  cut?: number;
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

/** From when on a query has to look: late lines are older than what was read before. @param created when the run was made */
export function sinceOf({ time, walk }: Position, created: number, late: number): number {
  return walk?.on ?? Math.max(0, time === 0 ? created : time - late);
}

/**
 * What of some entries is new at a position, in their order, and the position after them.
 * @param since as the query had it
 * @param late how much later than its time a line may show up
 */
export function take(
  position: Position,
  entries: readonly Entry[],
  { at, cut }: Read,
  { since, late }: { since: number; late: number },
): { lines: LogLine[]; position: Position } {
  const lines: LogLine[] = [];
  const seen: Record<string, number> = { ...position.seen };
  for (const entry of entries) {
    if (seen[entry.insertId] !== undefined) continue;
    seen[entry.insertId] = Date.parse(entry.timestamp);
    const line = lineOf(entry);
    if (line) lines.push(line);
  }
  const begun = position.walk?.at ?? at;
  // The next query goes on where this one was left: were it to begin anew it might never get further.
  if (cut !== undefined) return { lines, position: { time: position.time, seen, walk: { on: Math.max(since, cut), at: begun } } };
  let newest = position.time;
  for (const time of Object.values(seen)) newest = Math.max(newest, time);
  // A long reading ends with lines that are younger than its beginning, whose late neighbours may have come in behind its back.
  const time = Math.max(position.time, Math.min(newest, begun));
  const kept = Object.entries(seen).filter(([, each]) => each >= time - late);
  return { lines, position: { time, seen: Object.fromEntries(kept) } };
}

/** Whether a position is past every line that a run which ended then has. */
export function isDrained(before: Position, { at, cut }: Read, ended: number | undefined, late: number): boolean {
  return ended !== undefined && cut === undefined && (before.walk?.at ?? at) > ended + late;
}

/** Of what Cloud Run writes beside the container (its own system log) nothing is the run's output. */
function lineOf(entry: Entry): LogLine | undefined {
  const stream = /%2F(stdout|stderr)$/.exec(entry.logName)?.[1] as LogLine["stream"] | undefined;
  if (stream === undefined) return undefined;
  const text = entry.textPayload ?? (entry.jsonPayload === undefined ? "" : JSON.stringify(entry.jsonPayload));
  return { at: new Date(Date.parse(entry.timestamp)).toISOString(), stream, text: text.replace(/\r?\n$/, "") };
}
