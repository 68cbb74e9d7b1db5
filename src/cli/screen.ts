import pc from "picocolors";
import type { FlowRun, State } from "../runs";

/** Colours, if stderr is a terminal that has them (NO_COLOR is honoured). */
const colors = pc.createColors(process.stderr.isTTY === true && pc.isColorSupported);

/** A line for people, on stderr. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A result, on stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value));
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
  return name.toUpperCase() === type ? shown : `${shown} ${name}`;
}

export const dim = colors.dim;

/** Rows under their headings, columns as wide as they need. */
export function table(headings: string[], rows: string[][]): string {
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
