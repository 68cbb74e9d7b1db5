import { ExactNumber } from "../exactNumber";
import type { Json, JsonObject, Value, ValueObject } from "../json";
import { pointerTo } from "../jsonPointer";
import { few, suggestion } from "../nearest";
import { plainNumbers } from "../plainNumbers";
import { Secret } from "../secret";
import { type FieldFault, UserError } from "../userError";
import { defaultsOf, expandDotted } from "./merge";
import { isObject, objectAt, segments } from "./paths";
import { pieces, placeholdersIn } from "./placeholders";
import { asPrefectReads } from "./prefectSchema";
import { schemaErrors } from "./schemaErrors";
import { faultsIn, type Reserve, type SchemaFault } from "./schemaFaults";

/**
 * Check a base job template by the rules of a Prefect server (`validate_base_job_template`, and the check of defaults). Both halves must exist
 * and must not be empty. `variables` must declare every job variable of `job_configuration`. Every default must match its schema. Unlike a
 * server, this accepts blocks, Prefect variables and `{{ $NAME }}`, because workers would fill them.
 * @param path the path of the template, for messages
 * @throws {UserError} with the path of the error
 */
export function checkTemplate(template: Value, path: string): void {
  checkTemplateShape(template, path);
  const { variables } = template as { variables: ValueObject };
  const at = ([name = "", ...keys]: string[]) => [`${path}.variables.properties.${name}.default`, ...keys].join(".");
  refuse(variableFaults(template as ValueObject, defaultsOf(variables), `${path}.variables`), at);
}

/**
 * The same check without the defaults, for runs. The target checks the defaults that a run uses, like any other value. Checking a schema would
 * cost more than all other steps of submitting a run.
 * @throws {UserError} with the path of the error
 */
export function checkTemplateShape(template: Value, path: string): void {
  if (!isObject(template)) throw new UserError(`${path}: must be an object with "job_configuration" and "variables"`);
  if (checked.has(template)) return;
  for (const half of ["job_configuration", "variables"] as const) {
    const value = template[half];
    if (isObject(value) && Object.keys(value).length > 0) continue;
    throw new UserError(`${path}.${half}: must be an object and not empty; a base job template has "job_configuration" and "variables"`);
  }
  const declared = declaredBy(template);
  for (const { kind, name, path: at } of placeholdersIn(template.job_configuration as Value, `${path}.job_configuration`)) {
    const [variable = name] = segments(name);
    if (kind !== "standard" || Object.hasOwn(declared, variable) || Object.hasOwn(declared, name)) continue;
    const hint =
      variable === "ctx"
        ? "{{ ctx.… }} works only in the values of job variables"
        : suggestion(variable, Object.keys(declared)) || "no variables are declared there";
    throw new UserError(`${at}: job variable "${variable}" is not declared in ${path}.variables.properties: ${hint}`);
  }
  checked.add(template);
}

/** Valid templates. Many runs share a template, and values from a manifest never change. */
const checked = new WeakSet<ValueObject>();

/**
 * Check that the template declares all given job variables, and that their values match its schema. Dotted keys are allowed. `null` is valid
 * for a variable that is not required. Values that are known only after rendering (placeholders, block references, unavailable secrets) are
 * not checked. {@link checkRequiredVariables} reports missing variables.
 * @param path the path of the job variables, for messages: `deployments.a/b.workPool.jobVariables`, or a noun: `job variable`
 * @param undeclared whether to refuse a variable that the template does not declare, and so does not use
 * @throws {UserError} with each invalid variable, and the most similar name or the allowed values
 */
export function checkJobVariables(
  template: ValueObject,
  jobVariables: ValueObject,
  path: string,
  undeclared: "refuse" | "pass" = "refuse",
): void {
  const variables = objectAt(jobVariables, path);
  const at = below(path);
  const declared = declaredBy(template);
  const names = Object.keys(declared).sort();
  for (const key of undeclared === "pass" ? [] : undeclaredVariables(template, variables)) {
    const [name = key] = segments(key);
    const hint = suggestion(name, names);
    const problem = `is not a variable of the work pool${hint.startsWith("did") ? `: ${hint}` : ""} (it has ${few(names, 10) || "none"})`;
    const fields = fieldsOf([{ keys: [key], problem }], path);
    throw new UserError(`${at([key])} ${problem}`, 2, fields ? { fields } : {});
  }
  refuse(variableFaults(template, expandDotted(variables), "the work pool's baseJobTemplate.variables"), at, path);
}

/** The keys of the job variables that a template does not declare. */
export function undeclaredVariables(template: ValueObject, variables: ValueObject): string[] {
  const declared = declaredBy(template);
  return Object.keys(variables).filter((key) => !Object.hasOwn(declared, segments(key)[0] ?? key));
}

/** A warning, as a list, about job variables that the template of a work pool does not declare. Empty if it declares them all. */
export function unusedVariables(workPool: string, template: ValueObject, variables: ValueObject): string[] {
  const unused = undeclaredVariables(template, variables);
  return unused.length === 0 ? [] : [`work pool "${workPool}" has no variable ${unused.join(", ")}: it has no effect there`];
}

/**
 * Check that every required variable has a default, or a value that is not `null`.
 * @param jobVariables the job variables of the deployment, overridden by those of the run
 * @param path see {@link checkJobVariables}
 * @throws {UserError} with the missing variables
 */
export function checkRequiredVariables(template: ValueObject, jobVariables: ValueObject, path: string): void {
  const { variables } = template;
  const required = isObject(variables) && Array.isArray(variables.required) ? variables.required : [];
  if (!isObject(variables) || required.length === 0) return;
  const values = { ...defaultsOf(variables), ...expandDotted(objectAt(jobVariables, path)) };
  const missing = required.filter(
    (name): name is string => typeof name === "string" && (!Object.hasOwn(values, name) || values[name] === null),
  );
  refuse(
    missing.map((name) => ({ keys: [name], problem: "is missing: the work pool requires it" })),
    below(path),
    path,
  );
}

/**
 * Check parameters against the parameter schema of the flow. Without a schema, all parameters are valid. Unknown names are refused: Prefect's
 * server accepts them, and the run then fails when it calls the flow.
 * @param path the path of the parameters, for messages
 * @param options `whole`: whether all required parameters must be given. @default true
 * @throws {UserError} with each invalid parameter
 */
export function checkParameters(
  schema: JsonObject | undefined,
  parameters: JsonObject,
  path: string,
  { whole = true }: { whole?: boolean } = {},
): void {
  if (schema === undefined || Object.keys(schema).length === 0) return;
  const variant = { ...(whole ? {} : { required: [] }), ...(takesOthers(schema, parameters) ? {} : { additionalProperties: false }) };
  const errors = schemaErrors(
    variantOf(
      readSchema(schema, () => asPrefectReads(schema, false)),
      variant,
    ),
    plainNumbers(parameters, () => false),
    "the deployment's parameterSchema",
  );
  const faults = faultsIn(errors);
  refuse([...faults.filter(({ known }) => !known), ...faults.filter(({ known }) => known)], below(path), path);
}

/**
 * Whether a flow may accept names that its schema does not have. Prefect writes `**kwargs` as a last property that is required and has no type,
 * so it looks like a normal parameter. A normal parameter without a value is refused as missing.
 */
function takesOthers({ properties, additionalProperties, ...others }: JsonObject, parameters: JsonObject): boolean {
  if (additionalProperties !== undefined || !isObject(properties)) return true;
  if (["patternProperties", "$ref", "allOf", "anyOf", "oneOf"].some((keyword) => others[keyword] !== undefined)) return true;
  const last = Object.entries(properties).at(-1);
  if (!last || !isObject(last[1])) return false;
  const [name, property] = last;
  const says = ["type", "anyOf", "allOf", "oneOf", "$ref", "enum", "const", "default"].some((keyword) => property[keyword] !== undefined);
  return !says && Array.isArray(others.required) && others.required.includes(name) && !Object.hasOwn(parameters, name);
}

const variants = new WeakMap<JsonObject, Map<string, JsonObject>>();

/** A schema with some keywords replaced. It is the same object each time, because ajv compiles each object once. */
function variantOf(schema: JsonObject, keywords: JsonObject): JsonObject {
  const known = variants.get(schema) ?? new Map<string, JsonObject>();
  variants.set(schema, known);
  const key = JSON.stringify(keywords);
  const made = known.get(key) ?? { ...schema, ...keywords };
  known.set(key, made);
  return made;
}

function variableFaults(template: ValueObject, values: ValueObject, schemaPath: string): SchemaFault[] {
  if (Object.keys(values).length === 0) return [];
  const schema = schemaOf(template, Object.keys(values).sort());
  const reserve: Reserve = { later: [], secret: [] };
  return faultsIn(schemaErrors(schema, checkable(values, "", reserve), schemaPath), reserve);
}

const read = new WeakMap<ValueObject, JsonObject>();
const readOf = new WeakMap<ValueObject, Map<string, JsonObject>>();

/** The schema of those variables that have a value. Compiling the schemas of all variables would take several times as long. */
function schemaOf(template: ValueObject, names: readonly string[]): JsonObject {
  const whole = readSchema(template, () => {
    // Another layer may give the required variables, and defaults may contain secrets.
    const { required: _, ...variables } = asPrefectReads(template.variables as JsonObject, true);
    return variables;
  });
  if (!isObject(whole.properties)) return whole;
  const parts = readOf.get(template) ?? new Map<string, JsonObject>();
  readOf.set(template, parts);
  const key = JSON.stringify(names);
  const { properties } = whole;
  const part = parts.get(key) ?? {
    ...whole,
    properties: Object.fromEntries(names.flatMap((name) => (Object.hasOwn(properties, name) ? [[name, properties[name]]] : []))),
  };
  parts.set(key, part as JsonObject);
  return part as JsonObject;
}

function readSchema(source: ValueObject, make: () => JsonObject): JsonObject {
  const known = read.get(source);
  if (known) return known;
  const schema = make();
  read.set(source, schema);
  return schema;
}

/** Convert a value for ajv, and record its places that need special care. */
function checkable(value: Value, pointer: string, reserve: Reserve): Json {
  if (value instanceof Secret) {
    reserve[value.known ? "secret" : "later"].push(pointer);
    return value.known ? plainNumbers(value.reveal(), () => false) : null;
  }
  if (typeof value === "string") {
    if (pieces(value).some((piece) => typeof piece === "object")) reserve.later.push(pointer);
    return value;
  }
  if (value instanceof ExactNumber) return value.valueOf();
  if (Array.isArray(value)) return value.map((item, index) => checkable(item, `${pointer}/${index}`, reserve));
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, "$ref")) reserve.later.push(pointer);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      checkable(inner, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`, reserve),
    ]),
  );
}

function declaredBy(template: ValueObject): ValueObject {
  const { variables } = template;
  return isObject(variables) && isObject(variables.properties) ? variables.properties : {};
}

/** Join a path and keys: `parameters.a.b`. After a noun, the keys are quoted: `job variable "a.b"`. */
function below(path: string): (keys: string[]) => string {
  return (keys) => (path.includes(" ") && !path.includes(".") ? `${path} "${keys.join(".")}"` : [path, ...keys].join("."));
}

/** @param path of the request's value that has the faults: the error then also names them by pointers */
function refuse(faults: SchemaFault[], at: (keys: string[]) => string, path?: string): void {
  if (faults.length === 0) return;
  const worded = faults.map(({ keys, problem, known = [] }) => {
    const hint = known.length > 0 ? suggestion(keys.at(-1) ?? "", known) : "";
    return { keys, problem: `${problem}${hint ? `: ${hint}` : ""}` };
  });
  const fields = path === undefined ? undefined : fieldsOf(worded, path);
  throw new UserError(worded.map(({ keys, problem }) => `${at(keys)} ${problem}`).join("; "), 2, fields ? { fields } : {});
}

/** The names in messages for the fields of a request for a run, and where they are in it. */
const REQUEST_FIELDS: Readonly<Record<string, string>> = { parameters: "/parameters", "job variable": "/jobVariables" };

function fieldsOf(faults: readonly { keys: string[]; problem: string }[], path: string): FieldFault[] | undefined {
  const field = Object.hasOwn(REQUEST_FIELDS, path) ? REQUEST_FIELDS[path] : undefined;
  return field === undefined ? undefined : faults.map(({ keys, problem }) => ({ path: `${field}${pointerTo(keys)}`, message: problem }));
}
