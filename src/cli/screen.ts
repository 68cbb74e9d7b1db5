import pc from "picocolors";
import type { FlowRun, State } from "../runs";
import { capped, escaped, logLine, oneLine, safeJson } from "../shown";

/** Colours, if stderr is a terminal that has them (NO_COLOR is honoured). */
const colors = pc.createColors(process.stderr.isTTY === true && pc.isColorSupported);

/** A line for people, on stderr. Whatever it quotes cannot act on a terminal. */
export function note(text: string): void {
  process.stderr.write(`${escaped(text)}\n`);
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

/** Rows under their headings, columns as wide as they need, up to {@link MAX_COLUMN}. */
export function table(headings: string[], given: string[][]): string {
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
