import * as pulumi from "@pulumi/pulumi";
import type { JsonObject, ValueObject } from "../src/json";
import { checkJobVariables, checkTemplate } from "../src/template";
import { checkMap, type Declared, refuse } from "./checks";
import type { AnyJson } from "./json";

/**
 * A base job template with a pool's job variables as the defaults of its own. Outputs stay where they stand, so that of the
 * template only what is secret becomes secret.
 * @throws {pulumi.ResourceError} for a template that is none, and for a variable that it does not have (with the nearest) or of another type
 */
export function poolTemplate(template: AnyJson, jobVariables: Record<string, AnyJson>, of: Declared): Record<string, AnyJson> {
  checkPoolTemplate(template, jobVariables, of);
  return withDefaults(template, jobVariables);
}

/** The checks of {@link poolTemplate} alone, for a pool that makes resources before it knows all its variables. */
export function checkPoolTemplate(template: AnyJson, jobVariables: Record<string, AnyJson>, of: Declared): void {
  checkMap("jobVariables", jobVariables, of);
  try {
    const known = sameOf(knownPart(template) as ValueObject);
    checkTemplate(known, "baseJobTemplate");
    const declared = (known.variables as ValueObject).properties as ValueObject | undefined;
    const named = Object.entries(jobVariables).map(([name, value]) => [name, judgeable(value, declared?.[name])]);
    checkJobVariables(known, Object.fromEntries(named), "jobVariables");
  } catch (error) {
    // By name: whoever imports pushpool and pushpool/local may have two copies of a class.
    if (error instanceof Error && error.name === "UserError") refuse(error.message, of);
    throw error;
  }
}

/** By text: what is known of the templates of a program's pools, which mostly are alike. A check of one costs as much as all else of its pool. */
const templates = new Map<string, ValueObject>();

/** The first template of the same content: as one object it is checked and compiled once. */
function sameOf(template: ValueObject): ValueObject {
  const text = JSON.stringify(template) ?? "";
  const first = templates.get(text) ?? template;
  templates.set(text, first);
  return first;
}

/** The composing of {@link poolTemplate} alone. */
export function withDefaults(template: AnyJson, jobVariables: Record<string, AnyJson>): Record<string, AnyJson> {
  const { variables } = template as { variables: JsonObject };
  const properties: Record<string, AnyJson> = { ...(variables.properties as JsonObject | undefined) };
  for (const [name, value] of Object.entries(jobVariables)) properties[name] = { ...properties[name], default: value };
  return { ...template, variables: { ...variables, properties } };
}

/**
 * What of a variable's value can be judged now: a map's entries each for itself, anything else only as a whole. An output's value is not
 * known yet, but its variable's name is: null is a value that fits every variable.
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

/** Without its outputs and promises. */
function knownPart(value: AnyJson): AnyJson {
  if (isLater(value)) return undefined;
  if (Array.isArray(value)) return value.map(knownPart).filter((item) => item !== undefined);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, knownPart(inner)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}
