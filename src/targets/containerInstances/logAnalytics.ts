import type { Line } from "./logTail";

/** A row of a workspace: when the workspace took it, and the line. */
export interface Row {
  at: string;
  text: string;
}

/** What a workspace has of a gap in a log. */
export interface Filled {
  lines: Row[];
  /** Whether the first of them follows the line before the gap. */
  meetsBefore: boolean;
  /** Whether the last of them is followed by the line after the gap. */
  meetsAfter: boolean;
}

const TABLE = "ContainerInstanceLog_CL";

/** How much earlier than its line a row may be, since clocks differ, and how much later, in milliseconds. */
const EARLY = 60_000;
const LATE = 1_800_000;
/** Rows of one query. A row has at most 32 KB, and Log Analytics cuts a reply at 64 MB. */
export const PAGE = 2_000;

/** Lines of a container that are asked for. */
export interface Asked {
  group: string;
  container: string;
  /** Time of the line before the gap, in milliseconds. */
  after?: number | undefined;
  /** Time of the line after it. */
  before?: number | undefined;
  /** Time of the last row so far, as the workspace has it: the query continues there. */
  from?: string | undefined;
}

/**
 * A query for the lines between two lines, with some of their neighbours. A workspace has its own time of each line: when it took the line.
 */
export function queryOf({ group, container, after, before, from }: Asked): string {
  const bound = (operator: string, time: string | undefined) =>
    time === undefined ? [] : [`where TimeGenerated ${operator} datetime(${time})`];
  const near = (time: number | undefined, by: number) => (time === undefined ? undefined : new Date(time + by).toISOString());
  return [
    TABLE,
    `where ContainerGroup_s == "${group}" and ContainerName_s == "${container}"`,
    ...bound(">=", from ?? near(after, -EARLY)),
    ...bound("<=", near(before, LATE)),
    "project TimeGenerated, Message",
    "order by TimeGenerated asc",
    `take ${PAGE}`,
  ].join(" | ");
}

/**
 * The rows that lie in a gap. Their times say little, so the known lines around the gap are looked for among them.
 * @param rows in order
 * @param before lines before the gap, the nearest last
 * @param after lines after it, the nearest first
 */
export function filled(rows: readonly Row[], before: readonly Line[], after: readonly Line[]): Filled {
  const last = before.at(-1);
  const start = last === undefined ? -1 : meeting(rows, before.toReversed(), -1, 0);
  const from = start ?? rows.findIndex(({ at }) => Date.parse(at) >= timeOf(last as Line)) - 1;
  // The workspace takes the other lines about as late.
  const late = last === undefined || start === undefined ? 0 : Date.parse((rows[start] as Row).at) - timeOf(last);
  const end = after.length === 0 ? rows.length : meeting(rows, after, 1, from + 1, late);
  return {
    lines: from < -1 ? [] : rows.slice(from + 1, end ?? rows.length),
    meetsBefore: start !== undefined,
    meetsAfter: end !== undefined && after.length > 0,
  };
}

/**
 * The position of the first line among the rows, such that all the others follow, up to the edge of the rows. If there are several such
 * places, it is the one whose time fits best.
 * @param step in which direction they follow
 * @param least the first place to look at
 * @param late how much later than its line a row is, in milliseconds
 */
function meeting(rows: readonly Row[], lines: readonly Line[], step: 1 | -1, least: number, late = 0): number | undefined {
  const time = timeOf(lines[0] as Line) + late;
  let found: number | undefined;
  let most = 0;
  let nearest = Number.POSITIVE_INFINITY;
  for (let place = Math.max(0, least); place < rows.length; place++) {
    let length = 0;
    while (length < lines.length && rows[place + step * length]?.text === lines[length]?.[1]) length += 1;
    const isWhole = length === lines.length || rows[place + step * length] === undefined;
    const distance = Math.abs(Date.parse((rows[place] as Row).at) - time);
    if (length === 0 || !isWhole || length < most || (length === most && distance >= nearest)) continue;
    [found, most, nearest] = [place, length, distance];
  }
  return found;
}

function timeOf([at]: Line): number {
  return Date.parse(at);
}

/** What a further page of rows adds: it begins with the time at which the page before has ended. */
export function added(known: readonly Row[], page: readonly Row[]): Row[] {
  const last = known.at(-1)?.at;
  const had = new Map<string, number>();
  for (let index = known.length - 1; index >= 0 && known[index]?.at === last; index--) {
    const { text } = known[index] as Row;
    had.set(text, (had.get(text) ?? 0) + 1);
  }
  return page.filter(({ at, text }) => {
    const times = at === last ? (had.get(text) ?? 0) : 0;
    if (times > 0) had.set(text, times - 1);
    return times === 0;
  });
}
