import { ExactNumber } from "./exactNumber";

const WORDS = new Map([
  ...["true", "yes", "on", "t", "y", "1"].map((word) => [word, true] as const),
  ...["false", "no", "off", "f", "n", "0"].map((word) => [word, false] as const),
]);

/** Read a boolean as Pydantic does in its lax mode: `yes`, `"off"` and `1` are booleans too. `undefined` if the value is not one. */
export function asBoolean(given: unknown): boolean | undefined {
  const value = given instanceof ExactNumber ? given.valueOf() : given;
  if (typeof value === "boolean") return value;
  if (value === 0 || value === 1) return value === 1;
  return typeof value === "string" ? WORDS.get(value.toLowerCase()) : undefined;
}

/** Read an integer as Pydantic does in its lax mode: `"3"` and `3.0` are integers too. `undefined` if the value is not one. */
export function asInteger(given: unknown): number | undefined {
  const value = given instanceof ExactNumber ? given.valueOf() : given;
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "number") return Number.isInteger(value) ? value : undefined;
  return typeof value === "string" && /^\s*[-+]?\d+(?:_\d+)*(?:\.0*)?\s*$/.test(value) ? Number(value.replaceAll("_", "")) : undefined;
}
