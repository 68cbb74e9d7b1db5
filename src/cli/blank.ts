import type { Command } from "commander";
import { UserError } from "../userError";

/** Flags that are checked when a run is made, also by the trigger module. */
const CHECKED = new Set(["flowRunName", "tag", "idempotencyKey"]);

/**
 * Refuse blank values, such as `--stack "$STACK"` in a shell without the variable STACK. Otherwise a blank value would mean another stack, no time
 * limit or all pools.
 * @param command the command whose flags and arguments are checked, with the global flags
 * @param args the arguments from commander
 * @throws {UserError} with the flag or the argument
 */
export function refuseBlank(command: Command, args: readonly unknown[]): void {
  const flags = command.optsWithGlobals();
  for (const option of [...(command.parent?.options ?? []), ...command.options]) {
    if (CHECKED.has(option.attributeName())) continue;
    const given: unknown[] = [flags[option.attributeName()]].flat();
    if (given.some(isBlank)) throw blank(option.long ?? option.short ?? option.name());
  }
  for (const [index, argument] of command.registeredArguments.entries()) {
    // The arguments after -- are for Pulumi.
    if (argument.name() === "args") continue;
    if ([args[index]].flat().some(isBlank)) throw blank(argument.name().toUpperCase());
  }
}

function blank(what: string): UserError {
  return new UserError(`${what} is blank (is a variable of the shell not set?): give it a value, or leave it out`);
}

/** Whether a string has only white space and control characters. */
export function isBlank(text: unknown): boolean {
  return typeof text === "string" && /^[\s\p{Cc}]*$/u.test(text);
}
