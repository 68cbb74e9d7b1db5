import type { JsonObject } from "../../../json";

/** What Cloud Logging stores for a line of output. */
export interface Parsed {
  severity?: string;
  textPayload?: string;
  jsonPayload?: JsonObject;
  labels?: Record<string, string>;
  insertId?: string;
  trace?: string;
  spanId?: string;
  sourceLocation?: JsonObject;
  operation?: JsonObject;
}

/**
 * LogSeverity by its own names and by those of common loggers
 * (https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity).
 */
const SEVERITIES: readonly [RegExp, string][] = [
  [/^(debug|trace|fine|finer|finest|d|100)$/i, "DEBUG"],
  [/^(info|information|informational|i|200)$/i, "INFO"],
  [/^(notice|n|300)$/i, "NOTICE"],
  [/^(warn|warning|w|400)$/i, "WARNING"],
  [/^(err|error|severe|e|500)$/i, "ERROR"],
  [/^(crit|critical|fatal|c|f|600)$/i, "CRITICAL"],
  [/^(alert|a|700)$/i, "ALERT"],
  [/^(emerg|emergency|800)$/i, "EMERGENCY"],
];

/**
 * Special fields of a JSON line, which become fields of its entry
 * (https://cloud.google.com/logging/docs/structured-logging#special-payload-fields).
 */
const MOVED = {
  "logging.googleapis.com/insertId": "insertId",
  "logging.googleapis.com/labels": "labels",
  "logging.googleapis.com/operation": "operation",
  "logging.googleapis.com/sourceLocation": "sourceLocation",
  "logging.googleapis.com/spanId": "spanId",
  "logging.googleapis.com/trace": "trace",
} as const;

/** Parse a line. A JSON object stays one, without its special fields; any other line is text. */
export function parsedLine(text: string): Parsed {
  const object = jsonObject(text);
  if (!object) return { textPayload: text };
  const parsed: Parsed = {};
  const payload: JsonObject = {};
  for (const [name, value] of Object.entries(object)) {
    const field = MOVED[name as keyof typeof MOVED];
    if (name === "severity") parsed.severity = severityOf(value);
    else if (field) Object.assign(parsed, { [field]: value });
    else payload[name] = value;
  }
  const { message, ...others } = payload;
  // If only the message is left, it becomes the entry's text.
  return typeof message === "string" && Object.keys(others).length === 0
    ? { ...parsed, textPayload: message }
    : { ...parsed, jsonPayload: payload };
}

function severityOf(value: unknown): string {
  return SEVERITIES.find(([pattern]) => pattern.test(String(value)))?.[1] ?? "DEFAULT";
}

function jsonObject(text: string): JsonObject | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** Split a string into pieces of at most so many characters. */
export function pieces(text: string, largest: number): string[] {
  const all: string[] = [];
  for (let from = 0; from === 0 || from < text.length; from += largest) all.push(text.slice(from, from + largest));
  return all;
}

/** Joins the lines of a Python traceback into one entry, as Cloud Logging does. */
export class Tracebacks {
  readonly #open = new Map<"stdout" | "stderr", string[]>();

  constructor(private readonly write: (stream: "stdout" | "stderr", text: string) => void) {}

  line(stream: "stdout" | "stderr", text: string): void {
    const open = this.#open.get(stream);
    if (open) {
      open.push(text);
      // The exception itself is the first line without indentation.
      if (!/^\s/.test(text)) this.#close(stream);
    } else if (text === "Traceback (most recent call last):") this.#open.set(stream, [text]);
    else this.write(stream, text);
  }

  /** The end of the output. */
  end(): void {
    for (const stream of [...this.#open.keys()]) this.#close(stream);
  }

  #close(stream: "stdout" | "stderr"): void {
    const lines = this.#open.get(stream) ?? [];
    this.#open.delete(stream);
    this.write(stream, lines.join("\n"));
  }
}
