import type { Value, ValueObject } from "../json";
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
 * Prefect's order of precedence (`BaseJobConfiguration.resolve_for_flow_run` and `from_template_and_values`): each variable is replaced
 * whole by the next layer, `env` alone is merged by name. An `env` that is an object in the template, or becomes one by a default, takes
 * the names of the layers above in before templating, so that placeholders in their values are filled too.
 * @returns the template to fill, and the values to fill it with
 * @throws {UserError} naming the variable that cannot be merged
 */
export function merge({ configuration, schema, deployment, run }: Layers): { template: ValueObject; values: ValueObject } {
  const defaults = defaultsOf(schema);
  const values = { ...defaults, ...expandDotted(overDeployment(deployment, run)) };
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

function overDeployment(deployment: ValueObject, run: ValueObject): ValueObject {
  const below = opened(deployment.env ?? null);
  if (!isObject(below) || !Object.hasOwn(run, "env")) return { ...deployment, ...run };
  const above = opened(run.env as Value);
  // Python merges an empty list or text as if it were an empty object.
  const env = above === "" || (Array.isArray(above) && above.length === 0) ? {} : objectAt(above, "job variable env", MERGED);
  return { ...deployment, ...run, env: { ...below, ...env } };
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
 * Job variables with their dotted keys made nested: `"env.A": "1"` is `env: { A: "1" }`. What is written nested wins over what is dotted.
 * @throws {UserError} where one dotted key leads through the plain value of another
 */
export function expandDotted(variables: ValueObject): ValueObject {
  const nested: ValueObject = {};
  const plain: ValueObject = {};
  for (const [key, value] of Object.entries(variables)) {
    if (key.includes(".")) setPath(nested, key, value);
    else define(plain, key, value);
  }
  return deepMerge(nested, plain);
}

function setPath(root: ValueObject, path: string, value: Value): void {
  const way = segments(path);
  const last = way.pop() as string;
  let at = root;
  for (const segment of way) {
    const below = Object.hasOwn(at, segment) ? opened(at[segment] as Value) : {};
    if (!isObject(below))
      throw new UserError(`job variable ${path}: another dotted key has put a plain value on its way; write them as one object`);
    // A copy: the value may be the caller's.
    const next = { ...below };
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
