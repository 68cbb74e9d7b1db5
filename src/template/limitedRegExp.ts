import { createContext, Script } from "node:vm";
import { UserError } from "../userError";

/** How long a pattern may search a string, in milliseconds. */
const LIMIT = 1_000;
/** A search with at most this many steps takes no noticeable time. */
const MAX_UNTIMED_STEPS = 1e6;

let search: Script | undefined;

/**
 * A regular expression engine for ajv that stops after one second. A user's pattern such as `^(a+)+$` could otherwise search for years.
 *
 * A program cannot choose V8's linear-time engine. The ports of RE2 have no lookahead, which users of pydantic need. A separate script can have
 * a time limit, and keeps JavaScript's semantics.
 */
export function limitedRegExp(pattern: string, flags: string): { test(text: string): boolean; toString(): string } {
  const plain = new RegExp(pattern, flags);
  const repeats = pattern.match(/[*+?]|\{\d*,\d*\}/g)?.length ?? 0;
  // A repeated group may try every way to divide a string. n plain repetitions take at most length^n steps.
  const nested = /\)[*+{]/.test(pattern) || /\\\d/.test(pattern);
  return {
    // ajv uses this as the identity of an expression.
    toString: () => String(plain),
    test: (text) => {
      if (!nested && text.length ** repeats <= MAX_UNTIMED_STEPS) return plain.test(text);
      search ??= new Script("new RegExp(pattern, flags).test(text)");
      try {
        return search.runInContext(createContext({ pattern, flags, text }), { timeout: LIMIT }) as boolean;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
        throw new UserError(
          `the pattern ${JSON.stringify(pattern)} of a schema takes longer than ${LIMIT / 1_000} s on a string of ${text.length} characters: write it without repetitions inside repetitions`,
        );
      }
    },
  };
}
// ajv needs this for standalone code, which pushpool does not use.
limitedRegExp.code = "new RegExp";
