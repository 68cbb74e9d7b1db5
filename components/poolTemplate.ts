import * as pulumi from "@pulumi/pulumi";
import type { JsonObject, ValueObject } from "../src/json";
import { checkJobVariables, checkTemplate } from "../src/template";
import { refuse } from "./checks";
import type { AnyJson } from "./json";

/**
 * A base job template with a pool's job variables as the defaults of its own. Outputs stay where they stand, so that of the
 * template only what is secret becomes secret.
 * @throws {pulumi.ResourceError} for a template that is none, and for a variable that it does not have (with the nearest) or of another type
 */
export function poolTemplate(template: AnyJson, jobVariables: Record<string, AnyJson>, pool: pulumi.Resource): Record<string, AnyJson> {
  try {
    const known = knownPart(template) as ValueObject;
    checkTemplate(known, "baseJobTemplate");
    // An output's value is not known yet, its name is: null is a value that fits every variable.
    const named = Object.entries(jobVariables).map(([name, value]) => [name, knownPart(value) ?? null]);
    checkJobVariables(known, Object.fromEntries(named), "jobVariables");
  } catch (error) {
    // By name: whoever imports pushpool and pushpool/local may have two copies of a class.
    if (error instanceof Error && error.name === "UserError") refuse(error.message, pool);
    throw error;
  }
  const { variables } = template as { variables: JsonObject };
  const properties: Record<string, AnyJson> = { ...(variables.properties as JsonObject | undefined) };
  for (const [name, value] of Object.entries(jobVariables)) properties[name] = { ...properties[name], default: value };
  return { ...template, variables: { ...variables, properties } };
}

/** Without its outputs and promises. */
function knownPart(value: AnyJson): AnyJson {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return undefined;
  if (Array.isArray(value)) return value.map(knownPart).filter((item) => item !== undefined);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, knownPart(inner)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}
