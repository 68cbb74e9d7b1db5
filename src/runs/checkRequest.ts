import { isJsonObject } from "../json";
import { labelFault } from "../manifest/names";
import { quoted } from "../shown";
import { UserError } from "../userError";
import type { RunRequest } from "./plan";

/**
 * Check what a person gives a run to be found again by, before anything is looked up. The same for the command line, the trigger module, a FlowRun, and with
 * a Prefect API or without.
 * @throws {UserError} naming the field
 */
export function checkRequest({ name, tags = [], idempotencyKey, parameters = {}, jobVariables = {} }: RunRequest): void {
  refuse("the name of the run (--flow-run-name)", name, "leave it out to get a made-up one");
  for (const tag of tags) refuse("a tag (--tag)", tag, "leave it out");
  // An unset variable of a shell is "" too: the run of an earlier job would answer for this one.
  refuse("the idempotency key (--idempotency-key)", idempotencyKey, "give each piece of work a key of its own, or leave it out");
  refuseUnsayable(parameters, "parameters");
  refuseUnsayable(jobVariables, "job variables");
}

/** What a program gives, and JSON would turn into something else without a word. */
function refuseUnsayable(value: unknown, path: string): void {
  if (typeof value === "number" && !Number.isFinite(value))
    throw new UserError(`${path} is ${value}, and JSON has no such number. Nothing was sent`);
  if (typeof value === "bigint" || typeof value === "function" || typeof value === "symbol")
    throw new UserError(`${path} is a ${typeof value}, which JSON has not. Nothing was sent`);
  if (Array.isArray(value)) for (const [index, item] of value.entries()) refuseUnsayable(item, `${path}[${index}]`);
  else if (isJsonObject(value)) for (const [key, inner] of Object.entries(value)) refuseUnsayable(inner, `${path}.${key}`);
}

function refuse(field: string, text: string | undefined, fix: string): void {
  if (text === undefined) return;
  const fault = labelFault(text);
  if (fault !== undefined) throw new UserError(`${field} ${fault}: ${quoted(text)}. Nothing was sent; ${fix}`);
}
