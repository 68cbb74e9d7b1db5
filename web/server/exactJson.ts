/**
 * A number whose digits a JavaScript number would lose, such as `12345678901234567890` or `1.0`. Browsers that cannot keep them
 * (`JSON.rawJSON`, in all since 2025) give an ordinary number.
 */
export interface RawNumber {
  readonly rawJSON: string;
}

interface ExactJson {
  rawJSON?(text: string): RawNumber;
  isRawJSON?(value: unknown): boolean;
}

const exact = JSON as unknown as ExactJson;

/** Parse JSON, with the digits of its numbers kept. @throws {SyntaxError} if it is not JSON */
export function parseExact(text: string): unknown {
  return JSON.parse(text, function (this: unknown, _key: string, value: unknown, context?: { source?: string }) {
    return typeof value === "number" && context?.source !== undefined ? exactNumber(context.source) : value;
  } as Parameters<typeof JSON.parse>[1]);
}

/** A number from its digits: an ordinary one if that prints the same. */
export function exactNumber(digits: string): number | RawNumber {
  const number = Number(digits);
  return String(number) === digits || !exact.rawJSON ? number : exact.rawJSON(digits);
}

export function isRawNumber(value: unknown): value is RawNumber {
  return exact.isRawJSON?.(value) ?? false;
}

/** Whether a value is a JSON object: not a list, a number or null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawNumber(value);
}

/** JSON for people: indented. */
export function prettyJson(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? "";
}

/** Whether two JSON values are the same, whatever the order of their keys. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (isObject(one) && isObject(other)) {
    const keys = Object.keys(one);
    return keys.length === Object.keys(other).length && keys.every((key) => key in other && sameJson(one[key], other[key]));
  }
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((item, at) => sameJson(item, other[at]));
  return JSON.stringify(one) === JSON.stringify(other);
}
