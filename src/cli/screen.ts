import { styleText } from "node:util";
import type { Run, State } from "../runs";
import { capped, escaped, logLine, oneLine, safeJson } from "../shown";
import { prettyJson } from "./prettyJson";
import { isTty, type Output, write } from "./streams";

/**
 * Whether a stream is an interactive terminal: it can move its cursor, and it is not the output of a CI job, which is stored as a log. `CI`
 * counts unless it is empty, `0` or `false`.
 */
export function isWatched(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && env.TERM !== "dumb" && /^(0|false)?$/i.test(env.CI ?? "");
}

/**
 * Colours, if stderr is an interactive terminal, and stdout too: what is written to one would be among the other's lines. NO_COLOR turns
 * them off, and FORCE_COLOR on for any terminal.
 */
const isColoured =
  !process.env.NO_COLOR && isTty("stderr") && (Boolean(process.env.FORCE_COLOR) || (isTty("stdout") && isWatched(process.stderr)));

export const colors = {
  red: styled("red"),
  green: styled("green"),
  yellow: styled("yellow"),
  magenta: styled("magenta"),
  cyan: styled("cyan"),
  dim: styled("dim"),
};

function styled(style: "red" | "green" | "yellow" | "magenta" | "cyan" | "dim"): (text: string) => string {
  return isColoured ? (text) => styleText(style, text, { validateStream: false }) : (text) => text;
}

/** Print a message to stderr. Its control characters are escaped. */
export function note(text: string): void {
  write("stderr", `${withIdsWhole(escaped(text), widthOf("stderr"))}\n`);
}

/** A line for people that quotes a name or a message from elsewhere: a line break in it is a space. */
export function noteLine(text: string): void {
  note(oneLine(text));
}

/**
 * Break a line so that the terminal does not split an id: before its word, or before the id itself if the word is too wide.
 * @param width the width of the terminal, in characters
 */
export function withIdsWhole(text: string, width: number): string {
  if (width === Number.POSITIVE_INFINITY) return text;
  return text
    .split("\n")
    .map((line) => {
      let kept = 0;
      let shown = "";
      for (const { 0: id, index } of line.matchAll(ID)) {
        const from = Math.max(kept, line.lastIndexOf(" ", index) + 1);
        const to = `${line} `.indexOf(" ", index);
        const [at, length] = to - from <= width ? [from, to - from] : [index, id.length];
        const column = (at - kept) % width;
        if (column === 0 || column + length <= width) continue;
        shown += `${line.slice(kept, at)}\n`;
        kept = at;
      }
      return shown + line.slice(kept);
    })
    .join("\n");
}

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

/** Print a message with colours to stderr. The caller has escaped quoted values with `oneLine` or `escaped`. */
export function noteStyled(text: string): void {
  write("stderr", `${text}\n`);
}

/** Print a result to stdout. Its control characters are escaped. */
export function print(text: string): void {
  write("stdout", `${escaped(text)}\n`);
}

/** Lines of a result. Only their text can make one longer than the terminal: an id in it is not cut in two. */
export function printWhole(text: string): void {
  print(withIdsWhole(text, widthOf("stdout")));
}

/** JSON for people, on stdout. @param indent in characters */
export function printPretty(value: unknown, indent = 0): void {
  const width = widthOf("stdout");
  print(withIdsWhole(prettyJson(value, width, indent), width));
}

/** Print an output line of a run: unchanged to a pipe or file, without control characters to a terminal. */
export function printLog({ stream, text }: { stream: "stdout" | "stderr"; text: string }): void {
  const to = process[stream];
  to.write(`${logLine(text, to.isTTY === true)}\n`);
}

export function printJson(value: unknown): void {
  write("stdout", `${safeJson(JSON.stringify(value))}\n`);
}

const COLORS: Partial<Record<State["type"], (text: string) => string>> = {
  COMPLETED: colors.green,
  FAILED: colors.red,
  CRASHED: colors.red,
  CANCELLED: colors.yellow,
  CANCELLING: colors.yellow,
  RUNNING: colors.cyan,
};

/** `PENDING Submitting`: the type, and the name if it adds information. */
export function stateText({ type, name }: State, coloured = false): string {
  const shown = coloured ? (COLORS[type]?.(type) ?? type) : type;
  return name.toUpperCase() === type ? shown : `${shown} ${oneLine(name)}`;
}

export const dim = colors.dim;

/** The widest column of a table, in characters. */
const MAX_COLUMN = 60;

/**
 * Format a table with headings. Columns are as wide as their values, up to {@link MAX_COLUMN}.
 *
 * No line wraps on a narrow terminal. There the last column, which has the ids, moves to a separate line. If that is not enough, every
 * value gets its own line.
 * @param width the width of the terminal, in characters @default the width of stdout, or unlimited if it is not a terminal
 */
export function table(headings: string[], given: string[][], width = widthOf("stdout")): string {
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
 * Format `  name  value`. If it does not fit on the terminal, the value gets a separate line.
 * @param column the column where values begin, in characters after the indent
 */
export function field(name: string, value: string, column: number, width = widthOf("stdout")): string {
  const line = `  ${name.padEnd(column - 2)}  ${value}`;
  return line.length <= width ? line : `  ${name}\n${4 + value.length <= width ? "    " : "  "}${value}`;
}

function widthOf(output: Output): number {
  return (isTty(output) && process[output].columns) || Number.POSITIVE_INFINITY;
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

/** The same with JSON: on one line where that fits, else indented below its name. */
export function jsonField(name: string, value: unknown, column: number, width = widthOf("stdout")): string {
  const text = JSON.stringify(value);
  const line = field(name, text, column, width);
  return fits(line, width) ? line : `  ${name}\n${prettyJson(value, width, 4)}`;
}

/** The duration of a run so far, in milliseconds; `undefined` before it starts. */
export function taken(run: Run, now = Date.now()): number | undefined {
  if (run.startedAt === undefined) return undefined;
  return Math.max(0, (run.endedAt === undefined ? now : Date.parse(run.endedAt)) - Date.parse(run.startedAt));
}
