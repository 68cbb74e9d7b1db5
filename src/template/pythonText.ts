import { ExactNumber, pythonNumber } from "../exactNumber";
import type { Value } from "../json";
import { Secret } from "../secret";

// Prefect puts a value into text by Python's `str()`, so that is what users' templates are written for.

/**
 * `str()` of a JSON value as Python reads it: `True`, `None`, `1e-07`, `{'k': 'v'}`.
 *
 * A whole JavaScript number is Python's `int`, one with an exponent its `float`: as each reads back from JSON.
 * @throws {SecretInText} if a secret stands inside a list or an object
 */
export function pythonStr(value: Exclude<Value, Secret>): string {
  return typeof value === "string" ? value : pythonRepr(value);
}

/** A secret stands inside a list or object that was to become text: its place in that text could not be kept by reference. */
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
/** What Python's `str.isprintable` refuses: every "other" and every separator but the space. */
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
