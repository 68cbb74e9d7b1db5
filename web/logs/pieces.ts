import { parseAnsi, type StyledText, type TextStyle, withoutAnsi } from "./ansi";

/** A stretch of a shown line: in one style, and part of a match or not. */
export interface Piece extends StyledText {
  isMatch: boolean;
}

/** A browser lays out longer lines slowly. The download has all of them. */
export const LONGEST_SHOWN = 4000;

/** A line as it is shown, with the search marked. */
export function piecesOf(line: string, before: TextStyle, search: string): Piece[] {
  const cut = line.length > LONGEST_SHOWN ? line.slice(0, LONGEST_SHOWN) : line;
  const { parts } = parseAnsi(cut, before);
  const ranges = search === "" ? [] : matchesIn(withoutAnsi(cut), search);
  const pieces: Piece[] = [];
  let at = 0;
  let next = 0;
  for (const { text, style } of parts) {
    const end = at + text.length;
    let from = at;
    while (from < end) {
      const range = ranges[next];
      if (!range || range.from >= end) {
        pieces.push({ text: text.slice(from - at), style, isMatch: false });
        break;
      }
      if (range.from > from) pieces.push({ text: text.slice(from - at, range.from - at), style, isMatch: false });
      const start = Math.max(from, range.from);
      const stop = Math.min(end, range.to);
      pieces.push({ text: text.slice(start - at, stop - at), style, isMatch: true });
      from = stop;
      if (range.to <= end) next++;
    }
    at = end;
  }
  return pieces;
}

function matchesIn(text: string, search: string): { from: number; to: number }[] {
  const lower = text.toLowerCase();
  // A few letters are longer in lower case. Then places would be wrong, and nothing is marked.
  if (lower.length !== text.length) return [];
  const wanted = search.toLowerCase();
  const found = [];
  for (let from = lower.indexOf(wanted); from >= 0; from = lower.indexOf(wanted, from + wanted.length))
    found.push({ from, to: from + wanted.length });
  return found;
}
