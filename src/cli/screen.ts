import pc from "picocolors";
import type { FlowRun, State } from "../runs";
import { capped, escaped, logLine, oneLine, safeJson } from "../shown";

/**
 * Whether somebody watches: a terminal that can move its cursor, and not a CI job's, which keeps what it gets as a log.
 * `CI` counts unless it is empty, `0` or `false`.
 */
export function isWatched(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && env.TERM !== "dumb" && /^(0|false)?$/i.test(env.CI ?? "");
}

/** Colours, where somebody watches a terminal that has them. NO_COLOR and FORCE_COLOR are honoured. */
export const colors = pc.createColors(
  pc.isColorSupported && process.stderr.isTTY === true && (isWatched(process.stderr) || Boolean(process.env.FORCE_COLOR)),
);

/** A line for people, on stderr. Whatever it quotes cannot act on a terminal. */
export function note(text: string): void {
  process.stderr.write(`${withIdsWhole(escaped(text), widthOf(process.stderr))}\n`);
}

/** Break a line before an id that the terminal would cut in two. @param width of the terminal, in characters */
export function withIdsWhole(text: string, width: number): string {
  const isId = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
  if (width === Number.POSITIVE_INFINITY || !isId.test(text)) return text;
  let column = 0;
  return text
    .split(/(\s)/)
    .map((word) => {
      const at = column % width;
      const cut = isId.test(word) && at + word.length > width && at > 0;
      column = word === "\n" ? 0 : (cut ? 0 : column) + word.length;
      return cut ? `\n${word}` : word;
    })
    .join("");
}

/** The same with colours of our own; what it quotes has gone through `oneLine` or `escaped` already. */
export function noteStyled(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A result, on stdout. Whatever it quotes cannot act on a terminal. */
export function print(text: string): void {
  process.stdout.write(`${escaped(text)}\n`);
}

/** A line that a run has printed: as it is into a pipe or a file; on a terminal without what would act on it. */
export function printLog({ stream, text }: { stream: "stdout" | "stderr"; text: string }): void {
  const to = process[stream];
  to.write(`${logLine(text, to.isTTY === true)}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${safeJson(JSON.stringify(value))}\n`);
}

const COLORS: Partial<Record<State["type"], (text: string) => string>> = {
  COMPLETED: colors.green,
  FAILED: colors.red,
  CRASHED: colors.red,
  CANCELLED: colors.yellow,
  CANCELLING: colors.yellow,
  RUNNING: colors.cyan,
};

/** `PENDING Submitting`; the name only where it says more than the type. */
export function stateText({ type, name }: State, coloured = false): string {
  const shown = coloured ? (COLORS[type]?.(type) ?? type) : type;
  return name.toUpperCase() === type ? shown : `${shown} ${oneLine(name)}`;
}

export const dim = colors.dim;

/** The widest column of a table, in characters. */
const MAX_COLUMN = 60;

/**
 * Rows under their headings, columns as wide as they need, up to {@link MAX_COLUMN}.
 *
 * On a terminal that is too narrow nothing is wrapped: the last column, which ids are in, goes on a line of its own; if that is not
 * enough, every value does.
 * @param width of the terminal, in characters @default stdout's; any where it is none
 */
export function table(headings: string[], given: string[][], width = widthOf(process.stdout)): string {
  const whole = aligned(headings, given);
  if (fits(whole, width)) return whole;
  const [first, ...others] = aligned(
    headings.slice(0, -1),
    given.map((row) => row.slice(0, -1)),
  ).split("\n");
  const below = given.map((row, index) => `${others[index]}\n  ${oneLine(row.at(-1) ?? "")}`);
  const split = [`${first}\n  ${headings.at(-1)}`, ...below].join("\n");
  if (fits(split, width)) return split;
  return given
    .map(([name = "", ...cells]) => {
      const lines = cells.map((cell, index) => (cell === "" ? "" : field(headings[index + 1] ?? "", oneLine(cell), 0, width)));
      return [oneLine(name), ...lines.filter((line) => line !== "")].join("\n");
    })
    .join("\n");
}

/**
 * `  name  value`; on a terminal where that does not fit the value has a line of its own.
 * @param column where values begin, in characters after the indent
 */
export function field(name: string, value: string, column: number, width = widthOf(process.stdout)): string {
  const line = `  ${name.padEnd(column - 2)}  ${value}`;
  return line.length <= width ? line : `  ${name}\n${4 + value.length <= width ? "    " : "  "}${value}`;
}

function widthOf(stream: { isTTY?: boolean; columns?: number }): number {
  return (stream.isTTY === true && stream.columns) || Number.POSITIVE_INFINITY;
}

function fits(text: string, width: number): boolean {
  return text.split("\n").every((line) => line.length <= width);
}

function aligned(headings: string[], given: string[][]): string {
  const rows = given.map((row) => row.map((cell) => capped(oneLine(cell), MAX_COLUMN)));
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => (row[column] ?? "").length)));
  return [headings, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** How long a run has taken, in milliseconds; `undefined` before it starts. */
export function taken(run: FlowRun, now = Date.now()): number | undefined {
  if (run.startedAt === undefined) return undefined;
  return Math.max(0, (run.endedAt === undefined ? now : Date.parse(run.endedAt)) - Date.parse(run.startedAt));
}
