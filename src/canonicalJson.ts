import { isDeepStrictEqual } from "node:util";
import { ExactNumber, pythonNumber } from "./exactNumber";
import type { Json } from "./json";

/** JSON with sorted keys: equal values give equal strings, whatever their key order or number format. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value instanceof ExactNumber) return numberText(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.keys(value).sort();
  return `{${entries.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as Json)}`).join(",")}}`;
}

/** Whether Python reads two values as the same: `0.50` and `0.5` are, `1` and `1.0` are not. */
export function sameJson(one: Json | undefined, other: Json | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return isDeepStrictEqual(one, other) || canonicalJson(one) === canonicalJson(other);
}

/** A number that JavaScript can hold too gets JavaScript's format, so that both compare as equal. */
function numberText(number: ExactNumber): string {
  const plain = JSON.stringify(number.valueOf());
  return pythonNumber(plain) === number.python ? plain : number.python;
}
