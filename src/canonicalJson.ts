import { isDeepStrictEqual } from "node:util";
import { ExactNumber, pythonNumber } from "./exactNumber";
import type { Json } from "./json";

/** JSON with sorted keys: equal values have equal texts, however they were written. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value instanceof ExactNumber) return numberText(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.keys(value).sort();
  return `{${entries.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as Json)}`).join(",")}}`;
}

/** Whether two values are one to Python: `0.50` and `0.5` are, `1` and `1.0` are not. */
export function sameJson(one: Json | undefined, other: Json | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return isDeepStrictEqual(one, other) || canonicalJson(one) === canonicalJson(other);
}

/** Alike for a number that JavaScript holds too, however it was written. */
function numberText(number: ExactNumber): string {
  const plain = JSON.stringify(number.valueOf());
  return pythonNumber(plain) === number.python ? plain : number.python;
}
