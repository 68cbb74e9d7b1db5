import { ExactNumber, numberFault, numberOf } from "./exactNumber";
import { isJsonObject, type Json } from "./json";
import { UserError } from "./userError";

/** How deep lists and objects may nest. pydantic, which Prefect reads parameters by, stops at 255. */
const DEEPEST = 200;

/**
 * Where a number starts that `String(JSON.parse(text))` would not write alike: 16 digits or more, a zero behind the point, an exponent,
 * `-0`. What it finds inside a string costs time only: it is much faster than to hand every value to a function.
 */
const NEEDS_CARE = /[[:,\s]-?(?:\d{16}|\d+\.\d*0(?!\d)|\d+\.\d{15}|\d+(?:\.\d+)?[eE]|(?<=-)0(?![\d.]))|^-?\d/;

/**
 * Parse JSON of our own, or of a server's. A number that JavaScript would change becomes an {@link ExactNumber}.
 * @throws {SyntaxError}
 */
export function readJson(text: string): Json {
  return NEEDS_CARE.test(text) ? (JSON.parse(text, exactly) as Json) : (JSON.parse(text) as Json);
}

// Node 21 and newer hand the source text of a number over (https://github.com/tc39/proposal-json-parse-with-source).
function exactly(_key: string, value: unknown, context?: { source: string }): unknown {
  return typeof value === "number" && context !== undefined ? numberOf(context.source) : value;
}

/**
 * Parse JSON that a user wrote, numbers as {@link readJson} does. The message says where it goes wrong, by line and column, and quotes
 * nothing of it: it may hold secrets (`JSON.parse`'s own message quotes).
 * @param origin what messages call the text
 * @throws {UserError} if it is not JSON, nests too deeply, or holds a number that Python cannot hold
 */
export function parseJson(text: string, origin: string): Json {
  if (deepest(text) > DEEPEST) throw new UserError(`${origin} nests deeper than ${DEEPEST} levels: Prefect reads no such value`);
  let tree: Json;
  try {
    tree = readJson(text);
  } catch {
    if (text.trim() === "") throw new UserError(`${origin} is empty: it must be JSON`);
    const offset = faultAt(text);
    if (offset >= text.length) throw new UserError(`${origin} is no whole JSON: it ends too early, at ${place(text, text.length)}`);
    throw new UserError(`${origin} is no JSON: it goes wrong at ${place(text, offset)}`);
  }
  const [fault] = numberFaults(tree, "");
  if (fault) throw new UserError(`${origin}${fault.path === "" ? "" : `: ${fault.path}`} ${fault.problem}`);
  return tree;
}

/** The numbers of a tree that Python cannot hold, each with its path: `a.b[0]`. */
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

/** How many brackets stand open at most, those in strings left out. A text that is too short to nest deeply is not looked at. */
function deepest(text: string): number {
  if (text.length < DEEPEST) return 0;
  let depth = 0;
  let most = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{\]}]/gs)) {
    if (token === "[" || token === "{") most = Math.max(most, ++depth);
    else if (token === "]" || token === "}") depth -= 1;
  }
  return most;
}

/**
 * How much of the text could still have become JSON. Not every message of V8's has a position, but "could this beginning go on?" is
 * answered by all of them, and stays answered with no for every longer beginning.
 */
function faultAt(text: string): number {
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (couldGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function couldGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const { message } = error as Error;
    if (message === "Unexpected end of JSON input") return true;
    const position = /at position (\d+)/.exec(message)?.[1];
    return position !== undefined && Number(position) >= beginning.length;
  }
}

function place(text: string, offset: number): string {
  const lines = text.slice(0, offset).split("\n");
  return `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
}
