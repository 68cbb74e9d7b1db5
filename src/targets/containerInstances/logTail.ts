/** A line of a container's output: its time in Azure's own words, and its text. */
export type Line = [at: string, text: string];

/** The part of a container's output that Azure keeps: while it runs, and once it has ended. */
const WHILE_RUNNING = 4 * 1024 * 1024;
const ONCE_ENDED = { bytes: 16 * 1024, lines: 1000 };
/** How near to its limit a log may be and still be taken for whole: what was cut off may have been a long line. */
const MARGIN = 1024;

export interface Tail {
  lines: Line[];
  /** Lines before these may be missing. */
  cut: boolean;
}

const LINE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) ?(.*)$/s;

/**
 * The text of a log, read with timestamps.
 * @param ended whether its container has: otherwise a last line without its end may still grow
 */
export function tailOf(content: string, ended: boolean): Tail {
  const texts = content.split("\n");
  const last = texts.pop() ?? "";
  if (ended && last !== "") texts.push(last);
  const lines: Line[] = [];
  for (const text of texts) {
    const [, at, rest = ""] = LINE.exec(text) ?? [];
    if (at !== undefined) lines.push([at, rest.replace(/\r$/, "")]);
    // Only the first may have lost its time: Azure cuts by bytes.
    else if (lines.length > 0) lines.push([(lines.at(-1) as Line)[0], text]);
  }
  const bytes = lines.reduce((sum, [, text]) => sum + Buffer.byteLength(text) + 1, 0);
  const cut = ended ? lines.length >= ONCE_ENDED.lines || bytes > ONCE_ENDED.bytes - MARGIN : bytes > WHILE_RUNNING - MARGIN;
  return { lines, cut };
}

/**
 * The part of a tail that follows the known lines. The tail has no marks but its times, and several lines may share one, also with the same
 * text. So it is compared with the known lines, and the place with the most equal lines counts.
 * @param known the last lines that are known, at least a few hundred if there are so many
 * @param fromStart whether they begin with the log's first line: no line of the tail is older
 * @returns `undefined`: they do not meet, so lines between them are missing
 */
export function following(known: readonly Line[], tail: readonly Line[], fromStart = false): Line[] | undefined {
  const last = known.at(-1);
  if (!last) return [...tail];
  for (let end = tail.length - 1; end >= 0; end--) {
    let back = 0;
    while (back <= end && back < known.length && same(tail[end - back] as Line, known[known.length - 1 - back] as Line)) back += 1;
    if (back > end || (back === known.length && !fromStart)) return tail.slice(end + 1);
  }
  return undefined;
}

function same([at, text]: Line, [otherAt, otherText]: Line): boolean {
  return at === otherAt && text === otherText;
}
