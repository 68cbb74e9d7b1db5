import type { InfrastructureId, LogPage } from "../target";

/** Reads the logs of a pool's runs. */
export interface LogReader {
  page(id: InfrastructureId, cursor: string | undefined): Promise<LogPage>;
}

/** Up to where a run's log has been read: what its cursor says. Times are the cloud's, in milliseconds. */
export interface LogPosition<Walk = unknown> {
  /** Lines so much older than this as a line may be late have all come; 0: nothing was read. */
  time: number;
  /** Lines that may come again, since late ones are looked for: the cloud's id and time. */
  seen: Record<string, number>;
  /** A reading that was left before its end, for the quota or its size: where it goes on, and when it began. */
  walk?: { on: number; at: number } & Walk;
}

export function parseCursor<Walk>(cursor: string | undefined): LogPosition<Walk> {
  return cursor === undefined || cursor === "" ? { time: 0, seen: {} } : (JSON.parse(cursor) as LogPosition<Walk>);
}

export function formatCursor(position: LogPosition): string {
  return JSON.stringify(position);
}

/**
 * From when on a query has to look: late lines are older than what was read before.
 * @param late how much later than its time a line may show up
 * @param created when the run was made @default 0
 */
export function sinceOf({ time, walk }: LogPosition, late: number, created = 0): number {
  return walk?.on ?? Math.max(0, time === 0 ? created : time - late);
}

/** When the reading of a position began. @param at of the query that goes on with it */
export function begunAt({ walk }: LogPosition, at: number): number {
  return walk?.at ?? at;
}

/** Whether a reading has every line of a run that ended then. @param at of its last query, @param cut where pages were left unread */
export function isDrained(
  before: LogPosition,
  { at, cut }: { at: number; cut?: unknown },
  ended: number | undefined,
  late: number,
): boolean {
  return ended !== undefined && cut === undefined && begunAt(before, at) > ended + late;
}

/**
 * The position after a reading that was left. The next query goes on there: were it to begin again, it might never get further.
 * @param seen with the lines of this reading
 */
export function readUpTo<Walk>(
  position: LogPosition<Walk>,
  seen: Record<string, number>,
  walk: NonNullable<LogPosition<Walk>["walk"]>,
  late: number,
): LogPosition<Walk> {
  return { time: position.time, seen: since(seen, Math.min(walk.on, timeOf(position, seen, walk.at) - late)), walk };
}

/**
 * The position after a reading that came to its end.
 * @param seen with the lines of this reading
 * @param begun when the reading began: the late neighbours of younger lines may have come in behind it
 */
export function readToEnd(position: LogPosition, seen: Record<string, number>, begun: number, late: number): LogPosition<never> {
  const time = timeOf(position, seen, begun);
  return { time, seen: since(seen, time - late) };
}

function timeOf({ time }: LogPosition, seen: Record<string, number>, begun: number): number {
  let newest = time;
  for (const at of Object.values(seen)) newest = Math.max(newest, at);
  return Math.max(time, Math.min(newest, begun));
}

/** No query looks at lines before this time again. */
function since(seen: Record<string, number>, from: number): Record<string, number> {
  return Object.fromEntries(Object.entries(seen).filter(([, at]) => at >= from));
}
