import { createContext, Script } from "node:vm";
import { UserError } from "../userError";

/** How long one pattern may search one string, in milliseconds. */
const LIMIT = 1_000;
/** So many steps take no time that anybody notices. */
const FEW_STEPS = 1e6;

const search = new Script("new RegExp(pattern, flags).test(text)");

/**
 * A regular expression of somebody's schema, as ajv takes its engine: it stops after a second, where `^(a+)+$` would search for years.
 *
 * V8 has no linear-time engine that may be chosen from a program, and the ports of RE2 know no lookahead, which pydantic's users write. A
 * script of its own can be given a time limit, and keeps JavaScript's semantics.
 */
export function limitedRegExp(pattern: string, flags: string): { test(text: string): boolean; toString(): string } {
  const plain = new RegExp(pattern, flags);
  const repeats = pattern.match(/[*+?]|\{\d*,\d*\}/g)?.length ?? 0;
  // A repetition of a group may try every way to divide a string; others one after the other take at most its length to their number.
  const nested = /\)[*+{]/.test(pattern) || /\\\d/.test(pattern);
  return {
    // ajv tells expressions apart by it.
    toString: () => String(plain),
    test: (text) => {
      if (!nested && text.length ** repeats <= FEW_STEPS) return plain.test(text);
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
// ajv prints it into code that is compiled beforehand; none of ours is.
limitedRegExp.code = "new RegExp";
