import type { Value, ValueObject } from "../json";
import { Secret } from "../secret";
import { UserError } from "../userError";
import { asText } from "./compose";
import { objectAt, objectOf } from "./paths";

/**
 * A rendered job configuration as Prefect's `BaseJobConfiguration` takes it: `command`, `env`, `labels` and `name` always there, env
 * values as text, an empty command as none, every other key as it is.
 * @throws {UserError} naming the path of what Prefect would refuse too
 */
export function validateJob(job: ValueObject): ValueObject {
  const { command = null, env = {}, labels = {}, name = null } = job;
  return {
    ...job,
    command: revealed(command) === "" ? null : textOrNull(command, "command"),
    env: envTexts(env),
    labels: texts(labels, "labels"),
    name: textOrNull(name, "name"),
  };
}

/** `null` stays: it unsets a variable, when the job is prepared. */
function envTexts(env: Value): ValueObject {
  const path = "job_configuration.env";
  return objectOf(
    Object.entries(objectAt(env, path, " of texts; to unset a variable give its name the value null")).map(([key, value]) => {
      const plain = revealed(value);
      if (plain === null) return [key, null];
      return [key, typeof plain === "string" || plain instanceof Secret ? value : asText(value, `${path}.${key}`)];
    }),
  );
}

function texts(value: Value, key: string): ValueObject {
  const path = `job_configuration.${key}`;
  const object = objectAt(value, path, " of texts");
  for (const [name, inner] of Object.entries(object)) if (!isText(inner)) throw new UserError(`${path}.${name}: must be a text`);
  return object;
}

function textOrNull(value: Value, key: string): Value {
  if (value === null || isText(value)) return value;
  throw new UserError(`job_configuration.${key}: must be a text`);
}

/** A secret that is not known here may be one. */
function isText(value: Value): boolean {
  const plain = revealed(value);
  return typeof plain === "string" || plain instanceof Secret;
}

/** To judge by only. */
function revealed(value: Value): Value {
  return value instanceof Secret && value.known ? value.reveal() : value;
}
