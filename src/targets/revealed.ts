import type { Json, Value } from "../json";
import { Secret } from "../secret";
import { isObject } from "../template/paths";

/** A value as it is sent to a place: each secret in it as its plain text. Only `Target.submit` and what it calls may use it. */
export function revealed(value: Value): Json {
  if (value instanceof Secret) return String(value.reveal());
  if (Array.isArray(value)) return value.map(revealed);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revealed(each)])) : value;
}

/** The same for variables. */
export function revealedVariables(env: Record<string, string | Secret>): Record<string, string> {
  return revealed(env) as Record<string, string>;
}
