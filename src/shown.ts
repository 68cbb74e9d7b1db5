import { stripVTControlCharacters } from "node:util";

/**
 * Text as a person may safely be shown it. What comes from outside (a name, a vendor's message, a file) can hold characters that a terminal
 * acts on: escape sequences, C1 controls, marks that reverse the direction of text.
 */

/** Controls (C0 without tab and line feed, DEL, C1) and the marks that change the direction of text (https://trojansource.codes). */
const UNSAFE = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The longest quotation in a message, in characters. */
const MAX_QUOTE = 200;
/** The longest line of a message, in characters. */
const MAX_LINE = 2_000;

/** Every character that a terminal would act on, written out: `\x1b`, `\u202e`. Line feeds and tabs stay. */
export function escaped(text: string): string {
  if (text.search(UNSAFE) < 0) return text;
  return text.replaceAll("\r\n", "\n").replaceAll(UNSAFE, written);
}

/** The same on one line: what a column, a phase or a status line holds. */
export function oneLine(text: string): string {
  return escaped(text.replaceAll(/\s*[\r\n]\s*/g, " ").replaceAll("\t", " "));
}

/** Cut to so many characters, with an ellipsis where something is missing. */
export function capped(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, Math.max(0, max - 1))}…`;
}

/**
 * A message that quotes what it was given: escaped, each quotation cut to some hundred characters, each overlong line cut in its middle, so
 * that its beginning and the way out at its end stay.
 */
export function readable(message: string): string {
  const safe = escaped(message);
  if (safe.length <= MAX_QUOTE) return safe;
  return safe
    .replaceAll(/"([^"\n]*)"/g, (quotation, text: string) => (text.length > MAX_QUOTE ? `"${shortened(text)}"` : quotation))
    .replaceAll(/.+/g, middleCut);
}

/** A value as a message quotes it, for example `"etl"`; a long one is cut, and its length is given. */
export function quoted(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  const shown = oneLine(text.length > MAX_QUOTE ? shortened(text) : text);
  return typeof value === "string" ? `"${shown}"` : shown;
}

/** One line of a program's own output. For a terminal its escape sequences are left out, and every other control character is written out. */
export function logLine(text: string, isTerminal: boolean): string {
  return isTerminal ? escaped(stripVTControlCharacters(text)) : text;
}

/** JSON in which nothing acts on a terminal. `JSON.stringify` leaves DEL, C1 controls and direction marks as they are. */
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

function written(character: string): string {
  const code = character.charCodeAt(0);
  if (character === "\r") return "\\r";
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : unicodeEscape(character);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
