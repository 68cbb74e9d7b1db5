import type { LogRow } from "../../src/ui/wire";
import { PLAIN, parseAnsi, type TextStyle, withoutAnsi } from "./ansi";

/** How many lines a page keeps. A browser shows many more slowly, and the download has all of them. */
const KEPT = 200_000;

/** A line that is dropped makes the others move, so they go in large steps. */
const DROPPED_AT_ONCE = 20_000;

/** The lines of a log as they arrive, and those that match a search. It grows in place: a copy of 100,000 lines for each new one would not do. */
export class LogLines {
  readonly lines: LogRow[] = [];
  /** How many were dropped at the front. */
  dropped = 0;
  /** Characters of the longest line. */
  longest = 0;
  /** Places in `lines` whose text has the search in it. */
  matches: number[] = [];

  private search = "";
  /** The style at the start of a line, where an earlier line left one. */
  private readonly styles = new Map<number, TextStyle>();
  private style: TextStyle = PLAIN;

  /** The number of the line that comes next. */
  get next(): number {
    const last = this.lines.at(-1);
    return last === undefined ? 0 : last.n + 1;
  }

  /** Add lines. Those that are there already, as after a reconnect, are left out. */
  add(lines: readonly LogRow[]): void {
    for (const line of lines) {
      if (line.n < this.next) continue;
      if (this.style !== PLAIN) this.styles.set(line.n, this.style);
      if (line.text.includes("\u001b")) {
        const { after } = parseAnsi(line.text, this.style);
        this.style = Object.keys(after).length === 0 ? PLAIN : after;
      }
      this.longest = Math.max(this.longest, line.text.length);
      this.lines.push(line);
      if (this.search !== "" && this.isMatch(line)) this.matches.push(this.lines.length - 1);
    }
    if (this.lines.length > KEPT) this.drop(Math.max(DROPPED_AT_ONCE, this.lines.length - KEPT));
  }

  /** The style at the start of a line. */
  styleBefore({ n }: LogRow): TextStyle {
    return this.styles.get(n) ?? PLAIN;
  }

  /** Find a text in all lines; upper and lower case are the same. Empty: no matches. */
  find(search: string): void {
    this.search = search.toLowerCase();
    this.matches = [];
    if (this.search === "") return;
    for (const [at, line] of this.lines.entries()) if (this.isMatch(line)) this.matches.push(at);
  }

  private isMatch({ text }: LogRow): boolean {
    return withoutAnsi(text).toLowerCase().includes(this.search);
  }

  private drop(count: number): void {
    for (const { n } of this.lines.splice(0, count)) this.styles.delete(n);
    this.dropped += count;
    this.matches = this.matches.filter((at) => at >= count).map((at) => at - count);
  }
}

/** The place in `matches` of the first match at or after a line; after the last one it is the first again. */
export function matchFrom(matches: readonly number[], line: number): number {
  let low = 0;
  let high = matches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((matches[middle] as number) < line) low = middle + 1;
    else high = middle;
  }
  return low === matches.length ? 0 : low;
}
