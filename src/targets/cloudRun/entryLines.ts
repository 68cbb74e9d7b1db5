import type { LogLine } from "../target";

/** The fields of a log entry of Cloud Logging's `entries:list` that matter here. */
export interface Entry {
  insertId: string;
  /** ISO 8601 with up to nine decimals. */
  timestamp: string;
  logName: string;
  /** LogSeverity; absent or `DEFAULT` if none was given. */
  severity?: string;
  textPayload?: string;
  jsonPayload?: unknown;
  protoPayload?: unknown;
  labels?: Record<string, string>;
  resource?: { labels?: Record<string, string> };
  /** The position among the parts of an entry that was too large. */
  split?: { uid?: string; index?: number; totalSplits?: number };
}

/** Cloud Run's own messages about a job, and audit logs, are not output of the run. */
const NO_OUTPUT = /\/logs\/(cloudaudit\.googleapis\.com|run\.googleapis\.com%2F(?!stdout$|stderr$))/;

/** Severities that mark an error; such a line is shown as stderr. */
const ERRORS = new Set(["ERROR", "CRITICAL", "ALERT", "EMERGENCY"]);

/** Whether an entry is output of a program, not Cloud Run's own message or an audit log. */
export function isOutput({ logName, protoPayload }: Entry): boolean {
  return !NO_OUTPUT.test(logName) && protoPayload === undefined;
}

/**
 * The lines of an entry: what the program wrote to a stream, or through the Logging API to its job's resource.
 * @returns no lines if it is not output of the run
 */
export function linesOf(entry: Entry): LogLine[] {
  if (!isOutput(entry)) return [];
  const severity = entry.severity === undefined || entry.severity === "DEFAULT" ? undefined : entry.severity;
  const errors = /%2Fstderr$/.test(entry.logName) || ERRORS.has(severity ?? "");
  const line: Omit<LogLine, "text"> = {
    at: new Date(Date.parse(entry.timestamp)).toISOString(),
    stream: errors ? "stderr" : "stdout",
    ...(severity === undefined ? {} : { severity }),
  };
  const text = entry.textPayload ?? (entry.jsonPayload === undefined ? "" : textOf(entry.jsonPayload));
  return text
    .replace(/\r?\n$/, "")
    .split(/\r?\n/)
    .map((each) => ({ ...line, text: each }));
}

/** Show a structured entry's message, then its other fields as JSON; without a message, all of it is JSON. */
function textOf(payload: unknown): string {
  if (payload === null || typeof payload !== "object" || Array.isArray(payload)) return JSON.stringify(payload);
  const { message, ...others } = payload as Record<string, unknown>;
  if (typeof message !== "string") return JSON.stringify(payload);
  const said = Object.entries(others).filter(([, value]) => !isEmpty(value));
  return said.length === 0 ? message : `${message} ${JSON.stringify(Object.fromEntries(said))}`;
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === "object" && Object.keys(value).length === 0);
}

export function isPart({ split }: Entry): boolean {
  return (split?.totalSplits ?? 0) > 1;
}

/** Whether all parts of a split entry exist. */
export function isWhole(parts: readonly Entry[]): boolean {
  const total = parts[0]?.split?.totalSplits ?? 0;
  return new Set(parts.map(({ split }) => split?.index ?? 0)).size >= total;
}

/** Join the parts of an entry again (https://cloud.google.com/logging/docs/audit/split-logs). */
export function joined(parts: readonly Entry[]): Entry {
  if (parts.length === 1) return parts[0] as Entry;
  const ordered = [...parts].sort((a, b) => (a.split?.index ?? 0) - (b.split?.index ?? 0));
  const { split: _, ...first } = ordered[0] as Entry;
  const texts = ordered.map(({ textPayload }) => textPayload);
  if (texts.some((text) => text !== undefined)) return { ...first, textPayload: texts.join("") };
  return { ...first, jsonPayload: ordered.map(({ jsonPayload }) => jsonPayload).reduce(merged) };
}

/** A string that was cut continues in the next part; repeated fields are the same in all parts. */
function merged(a: unknown, b: unknown): unknown {
  if (a === undefined || b === undefined) return a ?? b;
  if (typeof a === "string" && typeof b === "string") return a + b;
  if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return a;
  const both = { ...a, ...b } as Record<string, unknown>;
  for (const name of Object.keys(both)) both[name] = merged((a as typeof both)[name], (b as typeof both)[name]);
  return both;
}
