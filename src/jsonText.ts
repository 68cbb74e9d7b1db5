import { UserError } from "./userError";

/**
 * Parse JSON that a user wrote. The message says where it goes wrong, by line and column, and quotes nothing of it: it may hold secrets
 * (`JSON.parse`'s own message quotes).
 * @throws {UserError}
 */
export function parseJson(text: string, origin: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (text.trim() === "") throw new UserError(`${origin} is empty: it must be JSON`);
    const offset = faultAt(text);
    if (offset >= text.length) throw new UserError(`${origin} is no whole JSON: it ends too early, at ${place(text, text.length)}`);
    throw new UserError(`${origin} is no JSON: it goes wrong at ${place(text, offset)}`);
  }
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
