import type { Value } from "../json";
import { isObject } from "./paths";

/**
 * What a placeholder refers to, by its prefix: a job variable, an environment variable of the caller (`$NAME`), a block (`prefect.blocks.…`)
 * or a Prefect variable (`prefect.variables.…`).
 */
export type PlaceholderKind = "standard" | "environment" | "block" | "variable";

export interface Placeholder {
  /** The original string, with its braces. */
  text: string;
  name: string;
  kind: PlaceholderKind;
}

// Python's `\w` and `\s` follow Unicode and differ from JavaScript's: U+001F and U+0085 are white space there, U+FEFF is not.
const WORD = "[\\p{L}\\p{N}_.\\-\\[\\]$]+";
const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*";
const PATTERN = new RegExp(`{{${SPACE}(${WORD})${SPACE}}}`.replaceAll("{{", "\\{\\{").replaceAll("}}", "\\}\\}"), "gu");

export const BLOCKS = "prefect.blocks.";
export const VARIABLES = "prefect.variables.";

function kindOf(name: string): PlaceholderKind {
  if (name.startsWith(BLOCKS)) return "block";
  if (name.startsWith(VARIABLES)) return "variable";
  return name.startsWith("$") ? "environment" : "standard";
}

/** The pieces of templates' strings, which all runs of a pool share. */
const known = new Map<string, readonly (string | Placeholder)[]>();
/** So many strings of so many characters are kept. */
const KEPT = { strings: 1_000, length: 200 };

/** Split a string into its placeholders and the literal strings between them, in order. */
export function pieces(text: string): readonly (string | Placeholder)[] {
  // Most strings: searching by the expression takes ten times as long.
  if (!text.includes("{{")) return text === "" ? [] : [text];
  const before = known.get(text);
  if (before) return before;
  const found = split(text);
  if (text.length <= KEPT.length && known.size < KEPT.strings) known.set(text, found);
  return found;
}

function split(text: string): (string | Placeholder)[] {
  const found: (string | Placeholder)[] = [];
  let end = 0;
  for (const match of text.matchAll(PATTERN)) {
    const [whole, name = ""] = match;
    if (match.index > end) found.push(text.slice(end, match.index));
    found.push({ text: whole, name, kind: kindOf(name) });
    end = match.index + whole.length;
  }
  if (end < text.length) found.push(text.slice(end));
  return found;
}

/** The placeholder, if the whole string is a single one. */
export function only(found: readonly (string | Placeholder)[]): Placeholder | undefined {
  const [first, second] = found;
  return second === undefined && typeof first === "object" ? first : undefined;
}

/** Every placeholder in the strings of a value, each with the path of its string. Object keys are not templated. */
export function* placeholdersIn(value: Value, path: string): Generator<Placeholder & { path: string }> {
  if (typeof value === "string") {
    for (const piece of pieces(value)) if (typeof piece === "object") yield { ...piece, path };
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* placeholdersIn(item, `${path}[${index}]`);
  } else if (isObject(value)) {
    for (const [key, inner] of Object.entries(value)) yield* placeholdersIn(inner, `${path}.${key}`);
  }
}
