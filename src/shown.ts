import { stripVTControlCharacters } from "node:util";

/**
 * Makes strings safe to print. Strings from outside (a name, a message of a cloud, a file) can hold characters that control a terminal:
 * escape sequences, C1 controls, marks that reverse the direction of text.
 */

/** Control characters (C0 without tab and line feed, DEL, C1) and marks that change the direction of text (https://trojansource.codes). */
const UNSAFE = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The longest quotation in a message, in characters. */
const MAX_QUOTE = 200;
/** The longest line of a message, in characters. */
const MAX_LINE = 2_000;

/** Escape every character that controls a terminal: `\x1b`, `\u202e`. Line feeds and tabs stay. */
export function escaped(text: string): string {
  if (text.search(UNSAFE) < 0) return text;
  return text.replaceAll("\r\n", "\n").replaceAll(UNSAFE, escapeSequence);
}

/** The same on one line, for a table column or a status line. */
export function oneLine(text: string): string {
  return escaped(text.replaceAll(/\s*[\r\n]\s*/g, " ").replaceAll("\t", " "));
}

/** Cut a string to `max` characters; an ellipsis marks the cut. */
export function capped(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, Math.max(0, max - 1))}…`;
}

/**
 * Make a message readable: escape it, and shorten long quotations to about 100 characters. A line that is still too long loses its middle,
 * so that the beginning and the advice at the end stay.
 */
export function readable(message: string): string {
  const safe = escaped(message);
  if (safe.length <= MAX_QUOTE) return safe;
  return safe
    .replaceAll(/"([^"\n]*)"/g, (quotation, text: string) => (text.length > MAX_QUOTE ? `"${shortened(text)}"` : quotation))
    .replaceAll(/.+/g, middleCut);
}

/** Quote a value in a message, for example `"etl"`. A long value is cut, and its length is added. */
export function quoted(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  const shown = oneLine(text.length > MAX_QUOTE ? shortened(text) : text);
  return typeof value === "string" ? `"${shown}"` : shown;
}

/** One line of a program's output. For a terminal, escape sequences are removed and other control characters are escaped. */
export function logLine(text: string, isTerminal: boolean): string {
  return isTerminal ? escaped(stripVTControlCharacters(text)) : text;
}

/** Escape the characters in JSON that control a terminal. `JSON.stringify` leaves DEL, C1 controls and direction marks unescaped. */
export function safeJson(json: string): string {
  return json.search(UNSAFE) < 0 ? json : json.replaceAll(UNSAFE, unicodeEscape);
}

function shortened(text: string): string {
  return `${text.slice(0, MAX_QUOTE / 2)}… (${text.length} characters)`;
}

function middleCut(line: string): string {
  if (line.length <= MAX_LINE) return line;
  const half = MAX_LINE / 2;
  return `${line.slice(0, half)} … (${line.length - MAX_LINE} characters left out) … ${line.slice(-half)}`;
}

function escapeSequence(character: string): string {
  const code = character.charCodeAt(0);
  if (character === "\r") return "\\r";
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : unicodeEscape(character);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
