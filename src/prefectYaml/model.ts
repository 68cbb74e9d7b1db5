import * as v from "valibot";
import { ExactNumber, numberFault } from "../exactNumber";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { durationSeconds, isoDuration } from "../pydanticDuration";
import { asBoolean, asInteger } from "../pydanticLax";
import { InvalidNumber, Timestamp } from "./pyYaml";

/**
 * The fields of a prefect.yaml, with the same validation and conversion as in Prefect (`prefect/cli/deploy/_models.py`). Missing fields stay
 * absent, and unknown fields are ignored.
 */

const text = v.string("must be a string");

const flag = v.pipe(
  v.any(),
  v.transform(asBoolean),
  v.check((value) => value !== undefined, "must be true or false"),
  v.transform((value) => value as boolean),
);

/** A string stays a string, because it may be a template. */
const flagOrText = v.union([v.boolean(), text, flag], "must be true, false or a template");

const whole = v.pipe(
  v.any(),
  v.transform(asInteger),
  v.check((value) => value !== undefined, "must be a whole number"),
  v.transform((value) => value as number),
);

/** Any value, converted to JSON. A value that JSON does not have is an error with its path. */
const json = v.pipe(
  v.any(),
  v.rawTransform(({ dataset, addIssue }) => {
    for (const { keys, problem } of faultsOf(dataset.value, [])) {
      const path = keys.map((key) => ({ type: "unknown" as const, origin: "value" as const, input: dataset.value, key, value: undefined }));
      const [first, ...others] = path;
      addIssue({ message: problem, ...(first ? { path: [first, ...others] } : {}) });
    }
    return asJson(dataset.value);
  }),
);

const mapping = (hint = "") =>
  v.pipe(
    v.custom<object>(isMapping, `must be a mapping${hint}`),
    json,
    v.transform((value) => value as JsonObject),
  );

const objectOf = <T extends v.ObjectEntries>(entries: T, message: string) =>
  v.pipe(v.custom<object>(isMapping, message), v.object(entries));

const list = (item: v.GenericSchema<unknown, Json>, hint: string) => v.array(item, `must be a list${hint}`);
const maybe = <T extends v.GenericSchema>(schema: T) => v.optional(v.nullable(schema));

/** The steps of `build`, `push` or `pull`. A single mapping becomes a list of one step. An empty mapping stays and means no steps. */
const steps = v.pipe(
  v.any(),
  v.transform((value: unknown) => (isMapping(value) && Object.keys(value).length > 0 ? [value] : value)),
  v.union([v.array(mapping()), mapping()], "must be a list of steps, each a mapping"),
);

const interval = v.pipe(
  v.any(),
  v.transform(durationSeconds),
  v.check((value) => value !== undefined, "must be a duration: seconds, ISO 8601 (PT15M) or hours:minutes:seconds (00:15:00)"),
  v.transform((value) => isoDuration(value as number)),
);

const schedule = v.pipe(
  v.strictObject(
    {
      cron: maybe(text),
      interval: maybe(interval),
      rrule: maybe(text),
      timezone: maybe(text),
      anchor_date: maybe(
        v.pipe(
          v.any(),
          v.transform((value: unknown) => (value instanceof Timestamp ? value.text : value)),
          v.string("must be a date, such as 2020-01-01T00:00:00Z"),
        ),
      ),
      active: maybe(flagOrText),
      parameters: v.optional(mapping()),
      slug: maybe(text),
      replaces: maybe(text),
      day_or: maybe(flagOrText),
    },
    (issue) =>
      issue.expected === "never"
        ? "is not a field of a schedule: the fields are cron, interval or rrule, with timezone, anchor_date, active, parameters, slug, replaces, day_or"
        : 'must be a mapping, such as { cron: "0 6 * * *" }',
  ),
  v.check(
    ({ cron, interval, rrule }) => [cron, interval, rrule].filter((kind) => kind !== null && kind !== undefined).length === 1,
    "must have exactly one of cron, interval and rrule",
  ),
);

const noSchedule = v.pipe(v.custom<object>(isMapping), v.strictObject({}));

const workPoolFields = { name: maybe(text), work_queue_name: maybe(text), job_variables: v.optional(mapping(" of job variables by name")) };

const deploymentFields = {
  name: maybe(text),
  version: maybe(text),
  version_type: maybe(text),
  tags: maybe(v.union([text, list(json, "")], "must be a list of tags")),
  description: maybe(text),
  schedule: maybe(v.union([noSchedule, schedule])),
  schedules: maybe(list(v.union([noSchedule, schedule]), ", each a mapping with cron, interval or rrule")),
  paused: maybe(flag),
  concurrency_limit: maybe(
    v.union(
      [whole, objectOf({ limit: maybe(whole), collision_strategy: maybe(text), grace_period_seconds: maybe(whole) }, "must be a mapping")],
      "must be a whole number, or a mapping with limit and collision_strategy",
    ),
  ),
  flow_name: maybe(text),
  entrypoint: maybe(text),
  parameters: v.optional(mapping(" of parameters by name")),
  enforce_parameter_schema: maybe(flag),
  build: maybe(steps),
  push: maybe(steps),
  pull: maybe(steps),
  work_pool: maybe(objectOf(workPoolFields, "must be a mapping with a name")),
  triggers: maybe(list(mapping(), " of triggers, each a mapping")),
  sla: maybe(list(mapping(), ", each a mapping")),
};

export const deploymentModel = objectOf(deploymentFields, "must be a mapping with a name, an entrypoint and a work_pool");

export const actionsModel = v.object({
  "prefect-version": maybe(text),
  prefect_version: maybe(text),
  name: maybe(text),
  build: maybe(steps),
  push: maybe(steps),
  pull: maybe(steps),
});

/** The known fields of each mapping. */
export const FIELDS = {
  file: ["prefect-version", "prefect_version", "name", "build", "push", "pull", "deployments"],
  deployment: Object.keys(deploymentFields),
  workPool: Object.keys(workPoolFields),
};

/** A converted entry of `deployments`. Fields that are not given are absent. */
export type DeploymentConfig = v.InferOutput<typeof deploymentModel>;
export type ScheduleConfig = v.InferOutput<typeof schedule>;
export type Steps = JsonObject[] | JsonObject;

function isMapping(value: unknown): value is object {
  return isJsonObject(value) && !(value instanceof Timestamp || value instanceof InvalidNumber);
}

function* faultsOf(value: unknown, keys: (string | number)[]): Generator<{ keys: (string | number)[]; problem: string }> {
  if (value instanceof InvalidNumber) yield { keys, problem: value.problem };
  else if (value instanceof ExactNumber) {
    const problem = numberFault(value);
    if (problem !== undefined) yield { keys, problem };
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* faultsOf(item, [...keys, index]);
  } else if (typeof value === "object" && value !== null && !(value instanceof Timestamp))
    for (const [key, inner] of Object.entries(value)) yield* faultsOf(inner, [...keys, key]);
}

function asJson(value: unknown): Json {
  if (value instanceof Timestamp) return value.text;
  if (Array.isArray(value)) return value.map(asJson);
  if (!isJsonObject(value)) return (value ?? null) as Json;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asJson(inner)]));
}
