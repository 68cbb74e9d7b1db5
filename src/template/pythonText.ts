import { ExactNumber, pythonNumber } from "../exactNumber";
import type { Value } from "../json";
import { Secret } from "../secret";

// Prefect inserts values into strings with Python's `str()`. Users write their templates for that format.

/**
 * Python's `str()` of a JSON value: `True`, `None`, `1e-07`, `{'k': 'v'}`.
 *
 * A JavaScript number without a fraction becomes an `int`, and one with an exponent becomes a `float`, as when Python reads it from JSON.
 * @throws {SecretInText} if a list or an object contains a secret
 */
export function pythonStr(value: Exclude<Value, Secret>): string {
  return typeof value === "string" ? value : pythonRepr(value);
}

/** A list or object that should become a string contains a secret. A reference cannot describe a secret inside such a string. */
export class SecretInText extends Error {}

function pythonRepr(value: Value): string {
  if (value === null) return "None";
  if (value instanceof Secret) throw new SecretInText();
  if (value instanceof ExactNumber) return value.python;
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(", ")}]`;
  switch (typeof value) {
    case "boolean":
      return value ? "True" : "False";
    case "number":
      return pythonNumber(JSON.stringify(value));
    case "string":
      return pythonQuoted(value);
    default:
      return `{${Object.entries(value)
        .map(([key, inner]) => `${pythonQuoted(key)}: ${pythonRepr(inner)}`)
        .join(", ")}}`;
  }
}

const ESCAPES: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
/** The characters that Python's `str.isprintable` refuses: the category "other", and every separator except the space. */
const UNPRINTABLE = /[\p{C}\p{Z}]/u;

function pythonQuoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let quoted = "";
  for (const character of text) {
    if (character === quote) quoted += `\\${quote}`;
    else if (ESCAPES[character] !== undefined) quoted += ESCAPES[character];
    else if (character !== " " && UNPRINTABLE.test(character)) quoted += escaped(character.codePointAt(0) ?? 0);
    else quoted += character;
  }
  return quote + quoted + quote;
}

function escaped(code: number): string {
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
