import type { Command } from "commander";
import { UserError } from "../userError";

/** Flags that every way to make a run checks alike, the trigger module too. */
const CHECKED = new Set(["flowRunName", "tag", "idempotencyKey"]);

/**
 * Refuse what is given and blank, as `--stack "$STACK"` is where the shell has no STACK: left alone, it would mean another stack, no time
 * limit, every pool.
 * @param command whose flags and arguments are looked at, the global flags too
 * @param args as commander hands them over
 * @throws {UserError} naming the flag or the argument
 */
export function refuseBlank(command: Command, args: readonly unknown[]): void {
  const flags = command.optsWithGlobals();
  for (const option of [...(command.parent?.options ?? []), ...command.options]) {
    if (CHECKED.has(option.attributeName())) continue;
    const given: unknown[] = [flags[option.attributeName()]].flat();
    if (given.some(isBlank)) throw blank(option.long ?? option.short ?? option.name());
  }
  for (const [index, argument] of command.registeredArguments.entries()) {
    // What stands after -- is Pulumi's.
    if (argument.name() === "args") continue;
    if ([args[index]].flat().some(isBlank)) throw blank(argument.name().toUpperCase());
  }
}

function blank(what: string): UserError {
  return new UserError(`${what} is blank (is a variable of the shell not set?): give it a value, or leave it out`);
}

/** Whether a string holds nothing but white space and control characters. */
export function isBlank(text: unknown): boolean {
  return typeof text === "string" && /^[\s\p{Cc}]*$/u.test(text);
}
