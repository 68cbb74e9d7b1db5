import type { InfrastructureId, LogPage } from "../target";

/** Reads the logs of a pool's runs. */
export interface LogReader {
  page(id: InfrastructureId, cursor: string | undefined, signal?: AbortSignal): Promise<LogPage>;
}

/** How far a run's log has been read: the content of its cursor. Times are the cloud's, in milliseconds. */
export interface LogPosition<Walk = unknown> {
  /** Lines older than this, by as much as a line may be late, have all come; 0: nothing was read. */
  time: number;
  /** Lines that may come again, since each query looks for late ones: the cloud's id and time. */
  seen: Record<string, number>;
  /** A reading that stopped early, because of the quota or its size: where to continue, and when it began. */
  walk?: { on: number; at: number } & Walk;
}

export function parseCursor<Walk>(cursor: string | undefined): LogPosition<Walk> {
  return cursor === undefined || cursor === "" ? { time: 0, seen: {} } : (JSON.parse(cursor) as LogPosition<Walk>);
}

export function formatCursor(position: LogPosition): string {
  return JSON.stringify(position);
}

/**
 * The time from which a query must look: late lines are older than what was read before.
 * @param late how much later than its time a line may appear
 * @param created when the run was created @default 0
 */
export function sinceOf({ time, walk }: LogPosition, late: number, created = 0): number {
  return walk?.on ?? Math.max(0, time === 0 ? created : time - late);
}

/** When the reading of a position began. @param at of the query that continues it */
export function begunAt({ walk }: LogPosition, at: number): number {
  return walk?.at ?? at;
}

/** Whether a reading has every line of a run that ended then. @param at of its last query @param cut where pages were left unread */
export function isDrained(
  before: LogPosition,
  { at, cut }: { at: number; cut?: unknown },
  ended: number | undefined,
  late: number,
): boolean {
  return ended !== undefined && cut === undefined && begunAt(before, at) > ended + late;
}

/**
 * The position after a reading that stopped early. The next query continues there: if it began again, it might never get further.
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
 * The position after a complete reading.
 * @param seen with the lines of this reading
 * @param begun when the reading began: late lines may have come in behind younger ones since
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
