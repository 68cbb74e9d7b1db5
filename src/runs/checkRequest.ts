import { isJsonObject } from "../json";
import { labelFault } from "../manifest/nameFaults";
import { quoted } from "../shown";
import { UserError } from "../userError";
import type { RunRequest } from "./plan";

/**
 * Check the fields of a request by which a run is found again, before any look-up. The check is the same for the command line, the trigger
 * module and a FlowRun, with or without a Prefect API.
 * @throws {UserError} naming the field
 */
export function checkRequest({ name, tags = [], idempotencyKey, workPool, parameters = {}, jobVariables = {} }: RunRequest): void {
  refuse("/name", "the name of the run (--flow-run-name)", name, "leave it out to get a generated one");
  for (const [index, tag] of tags.entries()) refuse(`/tags/${index}`, "a tag (--tag)", tag, "leave it out");
  // An unset shell variable is "" too: the run of an earlier job would then be returned.
  refuse(
    "/idempotencyKey",
    "the idempotency key (--idempotency-key)",
    idempotencyKey,
    "give each piece of work its own key, or leave it out",
  );
  refuse("/workPool", "the work pool of the run (--pool)", workPool, "leave it out to use the deployment's");
  refuseUnsayable(parameters, "parameters");
  refuseUnsayable(jobVariables, "job variables");
}

/** Refuse a value that JSON would silently change. */
function refuseUnsayable(value: unknown, path: string): void {
  if (typeof value === "number" && !Number.isFinite(value))
    throw new UserError(`${path} is ${value}, which is not a JSON number. Nothing was sent`);
  if (typeof value === "bigint" || typeof value === "function" || typeof value === "symbol")
    throw new UserError(`${path} is a ${typeof value}, which JSON does not support. Nothing was sent`);
  if (Array.isArray(value)) for (const [index, item] of value.entries()) refuseUnsayable(item, `${path}[${index}]`);
  else if (isJsonObject(value)) for (const [key, inner] of Object.entries(value)) refuseUnsayable(inner, `${path}.${key}`);
}

function refuse(path: string, field: string, text: string | undefined, fix: string): void {
  if (text === undefined) return;
  const fault = labelFault(text);
  if (fault === undefined) return;
  throw new UserError(`${field} ${fault}: ${quoted(text)}. Nothing was sent; ${fix}`, 2, {
    fields: [{ path, message: `${fault}: ${fix}` }],
  });
}
