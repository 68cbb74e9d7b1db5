import type { Value, ValueObject } from "../../json";
import type { Secret } from "../../secret";
import { isObject } from "../../template/paths";
import { UserError } from "../../userError";
import { checkVariableName, variableAt } from "../jobValues";
import { MAX_VARIABLE } from "../parameterLimits";
import { MAX_VARIABLES } from "./cloudRunLimits";

/** Names that Cloud Run sets itself (https://cloud.google.com/run/docs/container-contract#jobs-env-vars). */
const RESERVED = /^(X_GOOGLE_|CLOUD_RUN_(JOB|EXECUTION|TASK_INDEX|TASK_ATTEMPT|TASK_COUNT)$)/;

/**
 * The variables of a run, within Cloud Run's limits.
 * @throws {UserError} naming the one that is too long or not allowed
 */
export function environmentOf(env: Value, path: string): Record<string, string | Secret> {
  const given = env as ValueObject;
  const names = Object.keys(given);
  // One more is added, by which the run is found.
  if (names.length >= MAX_VARIABLES)
    throw new UserError(`${path}: Cloud Run accepts at most ${MAX_VARIABLES - 1} variables, not ${names.length}`);
  for (const name of names) {
    const at = `${path}.${name}`;
    checkVariableName(name, at);
    if (name.length > MAX_VARIABLE) throw new UserError(`${at}: Cloud Run accepts names of up to ${MAX_VARIABLE} characters`);
    if (RESERVED.test(name)) throw new UserError(`${at}: Cloud Run reserves this name`);
    const bytes = Buffer.byteLength(variableAt(given[name], at));
    if (bytes <= MAX_VARIABLE) continue;
    const what = name === "PUSHPOOL_PARAMETERS" ? "parameters: as JSON they are" : `${at}: it is`;
    throw new UserError(`${what} ${bytes} bytes, and Cloud Run accepts at most ${MAX_VARIABLE} in a variable: pass large data in a file`);
  }
  return given as Record<string, string | Secret>;
}

/** The variables from Secret Manager, by name; only the place of a secret is known here. */
export function secretVariables(job: ValueObject): Record<string, { secret: string; version: string }> {
  const found: Record<string, { secret: string; version: string }> = {};
  const add = (name: string, selector: Value | undefined, path: string) => {
    if (selector === null || selector === undefined) return;
    found[name] = selectorAt(selector, path);
  };
  const map = job.env_from_secrets ?? {};
  if (!isObject(map)) throw new UserError('job_configuration.env_from_secrets: must be an object of {"secret": …, "version": …}');
  for (const [name, selector] of Object.entries(map)) add(name, selector, `job_configuration.env_from_secrets.${name}`);
  add("PREFECT_API_KEY", job.prefect_api_key_secret, "job_configuration.prefect_api_key_secret");
  add("PREFECT_API_AUTH_STRING", job.prefect_api_auth_string_secret, "job_configuration.prefect_api_auth_string_secret");
  return found;
}

function selectorAt(value: Value, path: string): { secret: string; version: string } {
  const refuse = (problem: string) => new UserError(`${path}: ${problem}: write it as {"secret": NAME, "version": "latest" or a number}`);
  if (!isObject(value)) throw refuse("must be an object");
  const { secret, version, ...others } = value;
  const [other] = Object.keys(others);
  if (other !== undefined) throw refuse(`has no "${other}"`);
  if (typeof secret !== "string" || secret === "") throw refuse('needs "secret", the secret\'s name in Secret Manager');
  if (typeof version !== "string" || version === "") throw refuse('needs "version"');
  return { secret, version };
}
