import type { Value, ValueObject } from "../json";
import { Secret } from "../secret";
import { UserError } from "../userError";
import { asText } from "./compose";
import { objectAt, objectOf } from "./paths";

/**
 * Convert a rendered job configuration as Prefect's `BaseJobConfiguration` does. `command`, `env`, `labels` and `name` are always present, the
 * values of `env` become strings, an empty command becomes `null`. All other keys stay as they are.
 * @throws {UserError} with the path of a value that Prefect would refuse too
 */
export function validateJob(job: ValueObject): ValueObject {
  const { command = null, env = {}, labels = {}, name = null } = job;
  return {
    ...job,
    command: revealed(command) === "" ? null : stringOrNull(command, "command"),
    env: envStrings(env),
    labels: strings(labels, "labels"),
    name: stringOrNull(name, "name"),
  };
}

/** `null` stays: `prepareJob` then unsets the variable. */
function envStrings(env: Value): ValueObject {
  const path = "job_configuration.env";
  return objectOf(
    Object.entries(objectAt(env, path, " with string values; the value null unsets a variable")).map(([key, value]) => {
      const plain = revealed(value);
      if (plain === null) return [key, null];
      return [key, typeof plain === "string" || plain instanceof Secret ? value : asText(value, `${path}.${key}`)];
    }),
  );
}

function strings(value: Value, key: string): ValueObject {
  const path = `job_configuration.${key}`;
  const object = objectAt(value, path, " with string values");
  for (const [name, inner] of Object.entries(object)) if (!isString(inner)) throw new UserError(`${path}.${name}: must be a string`);
  return object;
}

function stringOrNull(value: Value, key: string): Value {
  if (value === null || isString(value)) return value;
  throw new UserError(`job_configuration.${key}: must be a string`);
}

/** A secret whose value is not available may be a string, so it counts as one. */
function isString(value: Value): boolean {
  const plain = revealed(value);
  return typeof plain === "string" || plain instanceof Secret;
}

/** The clear value. Use it only for checks. */
function revealed(value: Value): Value {
  return value instanceof Secret && value.known ? value.reveal() : value;
}
