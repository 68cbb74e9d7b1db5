import { ExactNumber, numberFault, numberOf } from "./exactNumber";
import { isJsonObject, type Json } from "./json";
import { UserError } from "./userError";

/** The deepest nesting of lists and objects. pydantic, with which Prefect reads parameters, stops at 255. */
const MAX_DEPTH = 200;

/**
 * Finds a number that `String(JSON.parse(text))` would change: 16 digits or more, a trailing zero after the decimal point, an exponent, `-0`.
 * A match inside a string only costs time. This check is much faster than a reviver function for every value.
 */
const NEEDS_CARE = /[[:,\s]-?(?:\d{16}|\d+\.\d*0(?!\d)|\d+\.\d{15}|\d+(?:\.\d+)?[eE]|(?<=-)0(?![\d.]))|^-?\d/;

/**
 * Parse JSON that a program wrote: this one or a server. A number that JavaScript would change becomes an {@link ExactNumber}.
 * @throws {SyntaxError}
 */
export function readJson(text: string): Json {
  return NEEDS_CARE.test(text) ? (JSON.parse(text, exactly) as Json) : (JSON.parse(text) as Json);
}

// Node 21 and newer pass the source string of a number to the reviver (https://github.com/tc39/proposal-json-parse-with-source).
function exactly(_key: string, value: unknown, context?: { source: string }): unknown {
  return typeof value === "number" && context !== undefined ? numberOf(context.source) : value;
}

/**
 * Parse JSON that a user wrote, with numbers as in {@link readJson}. Error messages give the line and column of the error. They quote
 * nothing, because the input may hold secrets (the message of `JSON.parse` quotes it).
 * @param origin what error messages call the input
 * @throws {UserError} if it is not valid JSON, is nested too deeply, or has a number that Python cannot hold
 */
export function parseJson(text: string, origin: string): Json {
  if (depthOf(text) > MAX_DEPTH)
    throw new UserError(`${origin} is nested more than ${MAX_DEPTH} levels deep: Prefect cannot read such a value`);
  let tree: Json;
  try {
    tree = readJson(text);
  } catch {
    if (text.trim() === "") throw new UserError(`${origin} is empty: it must be JSON`);
    const offset = errorOffset(text);
    const problem = offset >= text.length ? "end of input" : "character";
    throw new UserError(`${origin}: invalid JSON: unexpected ${problem} at ${place(text, offset)}`);
  }
  // Only a number that JavaScript would change can be one that Python cannot hold.
  const [fault] = NEEDS_CARE.test(text) ? numberFaults(tree, "") : [];
  if (fault) throw new UserError(`${origin}${fault.path === "" ? "" : `: ${fault.path}`} ${fault.problem}`);
  return tree;
}

/** The numbers in a value that Python cannot hold, each with its path: `a.b[0]`. */
function* numberFaults(value: Json, path: string): Generator<{ path: string; problem: string }> {
  if (value instanceof ExactNumber) {
    const problem = numberFault(value);
    if (problem !== undefined) yield { path, problem };
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* numberFaults(item, `${path}[${index}]`);
  } else if (isJsonObject(value)) {
    for (const [key, inner] of Object.entries(value)) yield* numberFaults(inner, path === "" ? key : `${path}.${key}`);
  }
}

/** The largest number of open brackets, without those in strings. Input that is too short for deep nesting is not checked. */
function depthOf(text: string): number {
  if (text.length < MAX_DEPTH) return 0;
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{\]}]/gs)) {
    if (token === "[" || token === "{") deepest = Math.max(deepest, ++depth);
    else if (token === "]" || token === "}") depth -= 1;
  }
  return deepest;
}

/**
 * The offset of the first error: the length of the longest prefix that can still become valid JSON. A binary search finds it. Not every
 * error message of V8 has a position, but each one shows whether more input could make the prefix valid.
 */
function errorOffset(text: string): number {
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isValidPrefix(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function isValidPrefix(prefix: string): boolean {
  try {
    JSON.parse(prefix);
    return true;
  } catch (error) {
    const { message } = error as Error;
    if (message === "Unexpected end of JSON input") return true;
    const position = /at position (\d+)/.exec(message)?.[1];
    return position !== undefined && Number(position) >= prefix.length;
  }
}

function place(text: string, offset: number): string {
  const lines = text.slice(0, offset).split("\n");
  return `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
}
