import type { Value, ValueObject } from "../json";
import { Secret } from "../secret";
import { UserError } from "../userError";
import { isObject, objectAt, objectOf, opened, segments } from "./paths";

/** What is merged, lowest first: `job_configuration`, the defaults of `variables`, the deployment's job variables, the run's. */
export interface Layers {
  configuration: ValueObject;
  /** JSON Schema of the variables. */
  schema: ValueObject;
  deployment: ValueObject;
  run: ValueObject;
}

/**
 * What is said last wins, layer by layer and within a layer: the defaults of `variables`, the deployment, the run.
 *
 * A whole variable replaces the one below it, `env` alone is merged by name, as in Prefect (`BaseJobConfiguration.resolve_for_flow_run` and
 * `from_template_and_values`). A dotted key (`env.LEVEL`) sets one place, and leaves its neighbours; {@link unlikePrefect} tells where Prefect
 * would not. An `env` that is an object in the template, or becomes one by a default, takes the names of the layers above in before
 * templating, so that placeholders in their values are filled too.
 * @returns the template to fill, and the values to fill it with
 * @throws {UserError} naming the variable that cannot be merged
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

const MERGED = " of texts, for its names are merged with those of other layers; to unset one give it the value null";

/** Job variables over defaults, dotted keys made nested. */
export function layered(defaults: ValueObject, layers: readonly ValueObject[]): ValueObject {
  // Defaults of env are merged into the template itself, and so stand below whatever a layer says.
  const { env: defaultEnv, ...others } = defaults;
  let values: ValueObject = others;
  for (const layer of layers) values = over(values, layer);
  return Object.hasOwn(values, "env") || defaultEnv === undefined ? values : { ...values, env: defaultEnv };
}

/**
 * The job variables of a run for an API whose workers merge by themselves: dotted keys as whole variables, so that Prefect's merge comes to
 * the same as {@link merge}.
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
 * Dotted keys that a Prefect worker would not heed as {@link merge} does: there a whole variable of any layer wins over a dotted one, and a
 * dotted one takes all of a default's other names away.
 * @returns a sentence for each variable
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
    return [`job variable ${key} is set over what other layers say of ${name}; a Prefect worker would merge them otherwise`];
  });
}

/** Prefect's own merge; `undefined` where it fails. */
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

/** A secret is known by where it stands. */
function comparable(value: Value | undefined): string {
  return JSON.stringify(value ?? null, function (this: ValueObject, key, inner) {
    const given = this[key];
    return given instanceof Secret ? { secret: given.parts } : inner;
  });
}

/** One layer over those below it. */
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
  // Python merges an empty list or text as if it were an empty object.
  const names = above === "" || (Array.isArray(above) && above.length === 0) ? {} : objectAt(above, "job variable env", MERGED);
  return { ...lower, ...names };
}

/** The defaults of a template's variables. A `null` default counts as none. */
export function defaultsOf(schema: ValueObject): ValueObject {
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : [];
  return objectOf(
    properties.flatMap(([name, attributes]) =>
      isObject(attributes) && attributes.default !== undefined && attributes.default !== null ? [[name, attributes.default] as const] : [],
    ),
  );
}

/**
 * The job variables of one layer with their dotted keys made nested: `"env.A": "1"` is `env: { A: "1" }`. An object is merged with what
 * dotted keys before it said; where both name one place, the later wins.
 * @throws {UserError} where a dotted key leads through the plain value of another
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

/** @param inTheWay what becomes of a plain value on the way: a whole variable's is replaced, another dotted key's is a contradiction */
function setPath(root: ValueObject, path: string, value: Value, inTheWay: "refuse" | "replace"): void {
  const way = segments(path);
  const last = way.pop() as string;
  let at = root;
  for (const segment of way) {
    const below = Object.hasOwn(at, segment) ? opened(at[segment] as Value) : {};
    if (below instanceof Secret)
      throw new UserError(`job variable ${path}: what it is to be set in is secret as a whole; give the whole variable`);
    if (!isObject(below) && inTheWay === "refuse")
      throw new UserError(`job variable ${path}: another key has put a plain value on its way; write them as one object`);
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

/** As `object[key] = value`, but a key `__proto__` is a key like any other. */
function define(object: ValueObject, key: string, value: Value): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Python's truth: `null`, `false`, zero and whatever is empty are none. */
export function isTruthy(value: Value | undefined): boolean {
  if (!value) return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isObject(value) || Object.keys(value).length > 0;
}
