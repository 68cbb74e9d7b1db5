import * as pulumi from "@pulumi/pulumi";
import type { JsonObject, ValueObject } from "../src/json";
import { checkJobVariables, checkTemplate } from "../src/template";
import type { AnyJson } from "./anyJson";
import { checkMap, type Declared, refuse } from "./checks";

/**
 * Make a base job template with a pool's job variables as its defaults. Outputs keep their places, so that only secret values of the
 * template become secret.
 * @throws {pulumi.ResourceError} for an invalid template, an unknown variable (with the most similar one), and a value of the wrong type
 */
export function poolTemplate(template: AnyJson, jobVariables: Record<string, AnyJson>, of: Declared): Record<string, AnyJson> {
  checkPoolTemplate(template, jobVariables, of);
  return withDefaults(template, jobVariables);
}

/** Only the checks of {@link poolTemplate}, for a pool that makes resources before it knows all its variables. */
export function checkPoolTemplate(template: AnyJson, jobVariables: Record<string, AnyJson>, of: Declared): void {
  checkMap("jobVariables", jobVariables, of);
  try {
    const known = sameOf(knownPart(template) as ValueObject);
    checkTemplate(known, "baseJobTemplate");
    const declared = (known.variables as ValueObject).properties as ValueObject | undefined;
    const named = Object.entries(jobVariables).map(([name, value]) => [name, judgeable(value, declared?.[name])]);
    checkJobVariables(known, Object.fromEntries(named), "jobVariables");
  } catch (error) {
    // Compare the name, not the class: with imports of both pushpool and pushpool/local there may be two copies of the class.
    if (error instanceof Error && error.name === "UserError") refuse(error.message, of);
    throw error;
  }
}

/**
 * The known parts of templates, by content. Most pools of a program have the same template, and a check costs as much as all the rest of a
 * pool.
 */
const templates = new Map<string, ValueObject>();

/** The first template with the same content. As one object, it is checked and compiled once. */
function sameOf(template: ValueObject): ValueObject {
  const text = JSON.stringify(template) ?? "";
  const first = templates.get(text) ?? template;
  templates.set(text, first);
  return first;
}

/** Only the merge of {@link poolTemplate}. */
export function withDefaults(template: AnyJson, jobVariables: Record<string, AnyJson>): Record<string, AnyJson> {
  const { variables } = template as { variables: JsonObject };
  const properties: Record<string, AnyJson> = { ...(variables.properties as JsonObject | undefined) };
  for (const [name, value] of Object.entries(jobVariables)) properties[name] = { ...properties[name], default: value };
  return { ...template, variables: { ...variables, properties } };
}

/**
 * The part of a variable's value that can be checked now. Each entry of a map is checked separately, any other value only as a whole. The
 * value of an output is unknown, but its variable's name is known: null takes its place, because null is valid for every variable.
 */
function judgeable(value: AnyJson, schema: AnyJson): AnyJson {
  const isMap = typeof value === "object" && value !== null && !isLater(value) && !Array.isArray(value) && schema?.additionalProperties;
  if (isMap) return Object.fromEntries(Object.entries(value).filter(([, inner]) => !holdsLater(inner)));
  return holdsLater(value) ? null : (value ?? null);
}

function isLater(value: AnyJson): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

function holdsLater(value: AnyJson): boolean {
  return isLater(value) || (typeof value === "object" && value !== null && Object.values(value).some(holdsLater));
}

/** The value without its outputs and promises. */
function knownPart(value: AnyJson): AnyJson {
  if (isLater(value)) return undefined;
  if (Array.isArray(value)) return value.map(knownPart).filter((item) => item !== undefined);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, knownPart(inner)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}
