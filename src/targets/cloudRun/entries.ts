import type { LogLine } from "../target";
import { type Entry, isPart, isWhole, joined, linesOf } from "./entryLines";
import { type ExecutionName, hasOneExecution, regionOf } from "./names";

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
    const job = `resource.labels.job_name="${name.job}"`;
    // Whatever is written to a Job that has one execution is that one's, with or without its name on it.
    if (hasOneExecution(name)) return `(${job} AND ${after})`;
    return `(${job} AND ${EXECUTION_LABEL}="${name.execution}" AND ${after})`;
  });
  return [
    'resource.type="cloud_run_job"',
    `resource.labels.location="${regionOf(first?.name.parent ?? "")}"`,
    conditions.length === 1 ? conditions[0] : `(${conditions.join(" OR ")})`,
  ].join(" AND ");
}

const EXECUTION_LABEL = 'labels."run.googleapis.com/execution_name"';

/** Whether an entry is of this execution. */
export function isOf({ labels, resource }: Entry, name: ExecutionName): boolean {
  const execution = labels?.["run.googleapis.com/execution_name"];
  return execution === undefined ? hasOneExecution(name) && resource?.labels?.job_name === name.job : execution === name.execution;
}

/** From when on a query has to look: late lines are older than what was read before. @param created when the run was made */
export function sinceOf({ time, walk }: Position, created: number, late: number): number {
  return walk?.on ?? Math.max(0, time === 0 ? created : time - late);
}

/**
 * What of some entries is new at a position, in their order, and the position after them.
 *
 * An entry of which parts are still missing is left for a later reading, until they cannot come any more.
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
  const begun = position.walk?.at ?? at;
  const mayGrow = (time: number) => time + late >= begun || (cut !== undefined && time >= cut);
  const parts = Map.groupBy(entries.filter(isPart), ({ split }) => split?.uid);
  for (const entry of entries) {
    if (isSeen(seen, entry)) continue;
    const all = isPart(entry) ? (parts.get(entry.split?.uid) ?? []) : [entry];
    if (isPart(entry) && !isWhole(all) && mayGrow(Date.parse(entry.timestamp))) continue;
    const fresh = all.filter((each) => !isSeen(seen, each));
    lines.push(...linesOf(joined(fresh)));
    for (const each of fresh) see(seen, each);
  }
  // The next query goes on where this one was left: were it to begin again it might never get further.
  if (cut !== undefined) return { lines, position: { time: position.time, seen, walk: { on: Math.max(since, cut), at: begun } } };
  let newest = position.time;
  for (const time of Object.values(seen)) newest = Math.max(newest, time);
  // A long reading ends with lines that are younger than its beginning, whose late neighbours may have come in behind its back.
  const time = Math.max(position.time, Math.min(newest, begun));
  const kept = Object.entries(seen).filter(([, each]) => each >= time - late);
  return { lines, position: { time, seen: Object.fromEntries(kept) } };
}

/** A program may give its entries ids of its own: only with its time an id is one entry's. */
function keyOf(seen: Record<string, number>, { insertId, timestamp }: Entry): string {
  const known = seen[insertId];
  return known === undefined || known === Date.parse(timestamp) ? insertId : `${insertId} ${timestamp}`;
}

function isSeen(seen: Record<string, number>, entry: Entry): boolean {
  return seen[keyOf(seen, entry)] !== undefined;
}

function see(seen: Record<string, number>, entry: Entry): void {
  seen[keyOf(seen, entry)] = Date.parse(entry.timestamp);
}

/** Whether a position is past every line that a run which ended then has. */
export function isDrained(before: Position, { at, cut }: Read, ended: number | undefined, late: number): boolean {
  return ended !== undefined && cut === undefined && (before.walk?.at ?? at) > ended + late;
}
