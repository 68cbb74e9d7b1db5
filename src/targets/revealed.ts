import type { Json, Value } from "../json";
import { Secret } from "../secret";
import { isObject } from "../template/paths";

/** Replace each secret in a value by its plain text, for sending. Only `Target.submit` and its callees may use it. */
export function revealed(value: Value): Json {
  if (value instanceof Secret) return String(value.reveal());
  if (Array.isArray(value)) return value.map(revealed);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revealed(each)])) : value;
}

/** The same for environment variables. */
export function revealedVariables(env: Record<string, string | Secret>): Record<string, string> {
  return revealed(env) as Record<string, string>;
}
