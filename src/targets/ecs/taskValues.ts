import type { Value } from "../../json";
import { Secret } from "../../secret";
import { UserError } from "../../userError";
import { checkVariableName, objectAt, textAt } from "../jobValues";

/** ECS needs a task's CPU and memory as strings, a container's as numbers; Prefect's template has one number for both. */
export function sizeText(value: Value | undefined, path: string): string | undefined {
  return typeof value === "number" ? String(value) : textAt(value, path);
}

/** Environment in Prefect's form (an object) or ECS' (a list of name and value); `null` unsets a variable. */
export function environmentAt(value: Value | undefined, path: string): Record<string, string | Secret> {
  if (value === null || value === undefined) return {};
  const given: [string, Value | undefined][] = Array.isArray(value)
    ? value.map((each, index) => {
        const { name, value: inner } = objectAt(each, `${path}[${index}]`);
        return [textAt(name, `${path}[${index}].name`) ?? "", inner];
      })
    : Object.entries(objectAt(value, path));
  // Without a prototype: a variable may be called __proto__.
  const found: Record<string, string | Secret> = Object.create(null);
  for (const [name, inner] of given) {
    const at = `${path}.${name}`;
    checkVariableName(name, at);
    if (inner === null || inner === undefined) continue;
    if (!(inner instanceof Secret) && typeof inner !== "string") throw new UserError(`${at}: must be a string`);
    found[name] = inner;
  }
  return found;
}

/**
 * A copy without `null`, empty strings, lists and objects. ECS does not treat these as absent; Prefect's worker drops them too. Variables
 * of an environment stay: one may be set to an empty string.
 */
export function withoutEmpty(value: Value): Value {
  if (value instanceof Secret || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(withoutEmpty).filter((each) => each !== null);
  const kept = Object.entries(value)
    .map(([key, inner]) => [key, key === "environment" ? inner : withoutEmpty(inner)] as const)
    .filter(([, inner]) => !isEmpty(inner));
  return Object.fromEntries(kept);
}

function isEmpty(value: Value): boolean {
  if (value === null || value === "") return true;
  if (typeof value !== "object" || value instanceof Secret) return false;
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}
