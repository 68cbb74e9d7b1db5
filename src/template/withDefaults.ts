import type { JsonObject } from "../json";
import { suggestion } from "../nearest";
import { UserError } from "../userError";

/**
 * A base job template with these values as the defaults of its variables. The values are not looked into: they may be anything that
 * becomes JSON later, as a Pulumi output.
 * @throws {UserError} naming the variable that the template does not have, and the nearest
 */
export function withDefaults(template: JsonObject, defaults: Record<string, unknown>): Record<string, unknown> {
  const variables = (template.variables ?? {}) as JsonObject;
  const properties: Record<string, unknown> = { ...(variables.properties as JsonObject | undefined) };
  for (const [name, value] of Object.entries(defaults)) {
    if (!Object.hasOwn(properties, name)) {
      throw new UserError(
        `jobVariables.${name}: the base job template has no such variable: ${suggestion(name, Object.keys(properties)) || "it has none"}`,
      );
    }
    properties[name] = { ...(properties[name] as JsonObject), default: value };
  }
  return { ...template, variables: { ...variables, properties } };
}
