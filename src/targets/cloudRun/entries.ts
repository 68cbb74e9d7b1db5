import { begunAt, type LogPosition, readToEnd, readUpTo } from "../cloud/logPosition";
import type { LogLine } from "../target";
import { type ExecutionName, hasOneExecution, regionOf } from "./cloudRunNames";
import { type Entry, isPart, isWhole, joined, linesOf } from "./entryLines";
import { namedExecution } from "./unnamedEntries";

/** An entry's position in Cloud Logging's order: entries with one timestamp are sorted by their ids. */
export interface EntryPlace {
  /** In Cloud Logging's format: nanoseconds matter. */
  timestamp: string;
  insertId: string;
}

export type EntryPosition = LogPosition<{ after?: EntryPlace }>;

/** One reading: some pages, for one or more runs. */
export interface Read {
  /** When, by Google's clock; late lines that arrived after it may be missing. */
  at: number;
  /** The last entry, if pages were left unread. */
  cut?: EntryPlace;
}

/** An execution whose entries are wanted. Times are in milliseconds. */
export interface WantedEntries {
  name: ExecutionName;
  since: number;
  /** The entry after which a reading continues. */
  after?: EntryPlace;
  /** Entries after this time belong to others, unless they name the execution. @default no such time */
  until?: number;
}

/**
 * Entries of these executions after their positions. Late lines are older than what was read before, so each query goes back by `late`
 * milliseconds.
 */
export function filterOf(wanted: readonly WantedEntries[]): string {
  const [first] = wanted;
  const conditions = wanted.map(({ name, since, after, until }) => {
    const job = `resource.labels.job_name="${name.job}"`;
    const from = after === undefined ? `timestamp>=${time(since)}` : behind(after);
    // Everything written to a Job with only one execution belongs to that execution, whether it names it or not.
    if (hasOneExecution(name)) return `(${job} AND ${from})`;
    const before = until === undefined ? "" : ` AND timestamp<=${time(until)}`;
    return `(${job} AND (${EXECUTION_LABEL}="${name.execution}" OR (NOT ${EXECUTION_LABEL}:*${before})) AND ${from})`;
  });
  return [
    'resource.type="cloud_run_job"',
    `resource.labels.location="${regionOf(first?.name.parent ?? "")}"`,
    conditions.length === 1 ? conditions[0] : `(${conditions.join(" OR ")})`,
  ].join(" AND ");
}

const EXECUTION_LABEL = 'labels."run.googleapis.com/execution_name"';

function time(milliseconds: number): string {
  return `"${new Date(milliseconds).toISOString()}"`;
}

function behind({ timestamp, insertId }: EntryPlace): string {
  return `(timestamp>"${timestamp}" OR (timestamp="${timestamp}" AND insertId>${JSON.stringify(insertId)}))`;
}

/** Whether an entry belongs to this execution; `undefined`: it names none, and its Job has others. */
export function isOf(entry: Entry, name: ExecutionName): boolean | undefined {
  if (entry.resource?.labels?.job_name !== undefined && entry.resource.labels.job_name !== name.job) return false;
  const execution = namedExecution(entry);
  if (execution !== undefined) return execution === name.execution;
  return hasOneExecution(name) ? entry.resource?.labels?.job_name === name.job : undefined;
}

/** The entry after which a query continues, if the last one stopped early. */
export function afterOf({ walk }: EntryPosition): EntryPlace | undefined {
  return walk?.after;
}

/** What happens to an entry: it is shown, hidden, or decided by a later reading. */
export type Fate = "shown" | "hidden" | "later";

/**
 * The entries that are new at a position, in order, and the position after them.
 *
 * A split entry with missing parts is left for a later reading, until they can no longer come.
 * @param since the start of the query
 * @param late how much later than its time a line may appear
 * @param fateOf decides about a new entry; `later` only if {@link mayStillCome} @default all are shown
 * @returns also the number of hidden entries
 */
export function take(
  position: EntryPosition,
  entries: readonly Entry[],
  { at, cut }: Read,
  { since, late, fateOf = () => "shown" }: { since: number; late: number; fateOf?: (entry: Entry) => Fate },
): { lines: LogLine[]; hidden: number; position: EntryPosition } {
  const lines: LogLine[] = [];
  let hidden = 0;
  const seen: Record<string, number> = { ...position.seen };
  const begun = begunAt(position, at);
  const cutAt = cut === undefined ? Number.POSITIVE_INFINITY : Date.parse(cut.timestamp);
  const parts = Map.groupBy(entries.filter(isPart), ({ split }) => split?.uid);
  // The next query continues after the last entry, but before one whose other parts may be on the next page.
  let last: EntryPlace | undefined;
  let held = false;
  for (const entry of entries) {
    const time = Date.parse(entry.timestamp);
    const fate = isSeen(seen, entry) ? "seen" : fateOf(entry);
    const all = isPart(entry) ? (parts.get(entry.split?.uid) ?? []) : [entry];
    const partial = fate === "shown" && isPart(entry) && !isWhole(all);
    const comes = mayStillCome(time, begun, late);
    if (partial && !comes && time >= cutAt) held = true;
    if (!held) last = { timestamp: entry.timestamp, insertId: entry.insertId };
    if (fate === "seen" || fate === "later" || (partial && (comes || time >= cutAt))) continue;
    if (fate === "hidden") {
      hidden += 1;
      see(seen, entry);
      continue;
    }
    const fresh = all.filter((each) => !isSeen(seen, each));
    lines.push(...linesOf(joined(fresh)));
    for (const each of fresh) see(seen, each);
  }
  if (cut !== undefined) {
    const after = held ? (last ?? position.walk?.after) : cut;
    const on = Math.max(since, after === undefined ? 0 : Date.parse(after.timestamp));
    const walk = { on, at: begun, ...(after !== undefined && Date.parse(after.timestamp) === on ? { after } : {}) };
    return { lines, hidden, position: readUpTo(position, seen, walk, late) };
  }
  return { lines, hidden, position: readToEnd(position, seen, begun, late) };
}

/** Whether entries with this time may come after a reading that began then: the next query looks at that time again. */
export function mayStillCome(time: number, begun: number, late: number): boolean {
  return time + late >= begun;
}

/** Whether an entry was already shown or hidden at this position. */
export function wasSeen({ seen }: EntryPosition, entry: Entry): boolean {
  return isSeen(seen, entry);
}

/** A program may give its entries its own ids: an id identifies an entry only together with its time. */
function isSeen(seen: Record<string, number>, { insertId, timestamp }: Entry): boolean {
  return seen[insertId] === Date.parse(timestamp) || seen[`${insertId} ${timestamp}`] !== undefined;
}

function see(seen: Record<string, number>, { insertId, timestamp }: Entry): void {
  seen[seen[insertId] === undefined ? insertId : `${insertId} ${timestamp}`] = Date.parse(timestamp);
}
