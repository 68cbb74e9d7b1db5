import type { Value, ValueObject } from "../json";
import { Secret } from "../secret";
import { UserError } from "../userError";
import { isObject, objectAt, objectOf, opened, segments } from "./paths";

/** The layers, from lowest to highest: `job_configuration`, the defaults of `variables`, job variables of the deployment, of the run. */
export interface Layers {
  configuration: ValueObject;
  /** JSON Schema of the variables. */
  schema: ValueObject;
  deployment: ValueObject;
  run: ValueObject;
}

/**
 * Merge the layers. The last value wins, between layers (defaults of `variables`, deployment, run) and within a layer.
 *
 * A variable replaces the same variable of a lower layer. Only `env` is merged by name, as in Prefect
 * (`BaseJobConfiguration.resolve_for_flow_run` and `from_template_and_values`). A dotted key (`env.LEVEL`) sets one place and leaves the others;
 * {@link unlikePrefect} reports where Prefect does not do that. If the `env` of the template is an object, or a default makes it one, it takes
 * the names of the higher layers before templating. So placeholders in their values are filled too.
 * @returns the template to fill, and the values to fill it with
 * @throws {UserError} with the variable that cannot be merged
 */
export function merge({ configuration, schema, deployment, run }: Layers): { template: ValueObject; values: ValueObject } {
  const defaults = defaultsOf(schema);
  const values = layered(defaults, [deployment, run]);
  const template = { ...configuration };
  const defaultEnv = opened(defaults.env ?? null);
  if (isTruthy(defaultEnv)) {
    template.env = isObject(template.env)
      ? { ...template.env, ...objectAt(defaultEnv, "baseJobTemplate.variables.properties.env.default", MERGED) }
      : defaultEnv;
  }
  if (isObject(template.env) && isTruthy(values.env)) {
    template.env = { ...template.env, ...objectAt(values.env, "job variable env", MERGED) };
  }
  return { template, values };
}

const MERGED = " with string values, because its names are merged with those of other layers; the value null unsets a name";

/** Merge layers of job variables over defaults. Dotted keys become nested objects. */
export function layered(defaults: ValueObject, layers: readonly ValueObject[]): ValueObject {
  // The defaults of env are merged into the template itself, so every layer overrides them.
  const { env: defaultEnv, ...others } = defaults;
  let values: ValueObject = others;
  for (const layer of layers) values = over(values, layer);
  return Object.hasOwn(values, "env") || defaultEnv === undefined ? values : { ...values, env: defaultEnv };
}

/**
 * Convert the job variables of a run for a Prefect API, whose workers merge them. Dotted keys become whole variables, so that Prefect's merge
 * gives the same result as {@link merge}.
 */
export function asWhole(schema: ValueObject, deployment: ValueObject, run: ValueObject): ValueObject {
  const dotted = Object.keys(run).filter((key) => key.includes("."));
  if (dotted.length === 0) return run;
  const merged = layered(defaultsOf(schema), [deployment, run]);
  const names = new Set(Object.keys(run).map((key) => (key.includes(".") ? (segments(key)[0] ?? key) : key)));
  const alone = expandDotted(run);
  return objectOf([...names].map((name) => [name, (name === "env" ? alone : merged)[name] as Value] as const));
}

/**
 * Find dotted keys that a Prefect worker merges differently from {@link merge}. In Prefect, a whole variable of any layer wins over a dotted key,
 * and a dotted key removes all other names of a default.
 * @returns a sentence for each key
 */
export function unlikePrefect({ schema, deployment, run }: Omit<Layers, "configuration">): string[] {
  const keys = [...Object.keys(deployment), ...Object.keys(run)].filter((key) => key.includes("."));
  if (keys.length === 0) return [];
  const defaults = defaultsOf(schema);
  const ours = layered(defaults, [deployment, run]);
  const theirs = byPrefect(defaults, deployment, run);
  return [...new Set(keys)].flatMap((key) => {
    const name = segments(key)[0] ?? key;
    if (theirs && comparable(ours[name]) === comparable(theirs[name])) return [];
    return [`job variable ${key} overrides part of ${name} from another layer; a Prefect worker would merge them differently`];
  });
}

/** Prefect's own merge; `undefined` if it fails. */
function byPrefect(defaults: ValueObject, deployment: ValueObject, run: ValueObject): ValueObject | undefined {
  const [below, above] = [opened(deployment.env ?? null), opened(run.env ?? null)];
  const env = isObject(below) && isObject(above) ? { env: { ...below, ...above } } : {};
  const all = { ...deployment, ...run, ...env };
  const nested: ValueObject = {};
  try {
    for (const [key, value] of Object.entries(all)) if (key.includes(".")) setPath(nested, key, value, "refuse");
  } catch {
    return undefined;
  }
  const plain = objectOf(Object.entries(all).filter(([key]) => !key.includes(".")));
  return { ...defaults, ...deepMerge(nested, plain) };
}

/** Secrets are compared by their references, not by their values. */
function comparable(value: Value | undefined): string {
  return JSON.stringify(value ?? null, function (this: ValueObject, key, inner) {
    const given = this[key];
    return given instanceof Secret ? { secret: given.parts } : inner;
  });
}

/** Merge one layer over the lower ones. */
function over(below: ValueObject, layer: ValueObject): ValueObject {
  const whole = expandDotted(layer);
  const result: ValueObject = { ...below };
  const isWhole = (name: string) => Object.hasOwn(layer, name) && !name.includes(".");
  for (const [name, value] of Object.entries(whole)) {
    if (!isWhole(name)) continue;
    define(result, name, name === "env" ? mergedEnv(below.env, value) : value);
  }
  for (const [key, value] of Object.entries(layer)) {
    if (key.includes(".") && !isWhole(segments(key)[0] ?? key)) setPath(result, key, value, "replace");
  }
  return result;
}

function mergedEnv(below: Value | undefined, given: Value): Value {
  const lower = opened(below ?? null);
  if (!isObject(lower)) return given;
  const above = opened(given);
  // Python merges an empty list or string like an empty object.
  const names = above === "" || (Array.isArray(above) && above.length === 0) ? {} : objectAt(above, "job variable env", MERGED);
  return { ...lower, ...names };
}

/** The defaults of a template's variables. A `null` default does not count. */
export function defaultsOf(schema: ValueObject): ValueObject {
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : [];
  return objectOf(
    properties.flatMap(([name, attributes]) =>
      isObject(attributes) && attributes.default !== undefined && attributes.default !== null ? [[name, attributes.default] as const] : [],
    ),
  );
}

/**
 * Turn the dotted keys of one layer into nested objects: `"env.A": "1"` becomes `env: { A: "1" }`. An object is merged with the dotted keys
 * before it. If both set the same place, the later one wins.
 * @throws {UserError} if a dotted key leads through a plain value of another key
 */
export function expandDotted(variables: ValueObject): ValueObject {
  const nested: ValueObject = {};
  for (const [key, value] of Object.entries(variables)) {
    if (key.includes(".")) setPath(nested, key, value, Object.hasOwn(variables, segments(key)[0] ?? key) ? "replace" : "refuse");
    else if (Object.hasOwn(nested, key)) define(nested, key, deepMerge({ at: nested[key] as Value }, { at: value }).at as Value);
    else define(nested, key, value);
  }
  return nested;
}

/** @param inTheWay what to do with a plain value on the path: replace it (from a whole variable), or refuse it (from another dotted key) */
function setPath(root: ValueObject, path: string, value: Value, inTheWay: "refuse" | "replace"): void {
  const way = segments(path);
  const last = way.pop() as string;
  let at = root;
  for (const segment of way) {
    const below = Object.hasOwn(at, segment) ? opened(at[segment] as Value) : {};
    if (below instanceof Secret)
      throw new UserError(`job variable ${path}: cannot set a part of a variable that is entirely secret; give the whole variable`);
    if (!isObject(below) && inTheWay === "refuse")
      throw new UserError(`job variable ${path}: another key sets a plain value on its path; write both as one object`);
    // A copy: the value may be the caller's.
    const next = isObject(below) ? { ...below } : {};
    define(at, segment, next);
    at = next;
  }
  define(at, last, value);
}

function deepMerge(low: ValueObject, high: ValueObject): ValueObject {
  const merged: ValueObject = { ...low };
  for (const [key, value] of Object.entries(high)) {
    const below = Object.hasOwn(merged, key) ? opened(merged[key] as Value) : undefined;
    const above = isObject(below) ? opened(value) : value;
    define(merged, key, isObject(below) && isObject(above) ? deepMerge(below, above) : value);
  }
  return merged;
}

/** Like `object[key] = value`, but `__proto__` is a normal key. */
function define(object: ValueObject, key: string, value: Value): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Python's truth: `null`, `false`, zero and empty values are false. */
export function isTruthy(value: Value | undefined): boolean {
  if (!value) return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isObject(value) || Object.keys(value).length > 0;
}
