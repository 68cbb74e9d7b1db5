import type { Value } from "../../json";
import { Secret } from "../../secret";
import { UserError } from "../../userError";
import { checkVariableName, objectAt, textAt } from "../jobValues";

/** ECS wants CPU and memory of a task as a string, of a container as a number; Prefect's template has one number for both. */
export function sizeText(value: Value | undefined, path: string): string | undefined {
  return typeof value === "number" ? String(value) : textAt(value, path);
}

/** Environment as Prefect writes it (an object) or as ECS does (a list of name and value); what is `null` is unset. */
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
 * A copy without what is `null`, an empty string, list or object. ECS takes none of them for "not given"; Prefect's worker drops them too.
 * Variables of an environment stay as they are: a variable may be set to an empty string.
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
