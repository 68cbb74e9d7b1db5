import { ExactNumber } from "./exactNumber";
import { isJsonObject, type Json, type Value, type ValueObject } from "./json";
import { Secret } from "./secret";
import { UserError } from "./userError";

/**
 * Convert the numbers of a value to JavaScript numbers, so that code can calculate with them.
 * @param isFree whether the value at a path is the user's data; its numbers stay as they are
 */
export function plainNumbers(tree: Json, isFree: (path: readonly string[]) => boolean): Json {
  const plain = (value: Json, path: readonly string[]): Json => {
    if (value instanceof ExactNumber) return value.valueOf();
    if (isFree(path)) return value;
    if (Array.isArray(value)) return value.map((item, index) => plain(item, [...path, String(index)]));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner, [...path, key])]));
  };
  return plain(tree, []);
}

/**
 * Convert a rendered job configuration to JavaScript numbers, which the requests of the clouds need: `1.0` becomes 1.
 * @throws {UserError} with the path of an integer that would lose digits, or of a string with a NUL character
 */
export function plainJob(job: ValueObject): ValueObject {
  const plain = (value: Value, path: string): Value => {
    if (holdsNul(value instanceof Secret && value.known ? value.reveal() : value)) throw nulAt(path);
    if (value instanceof ExactNumber) {
      const number = value.valueOf();
      if (/^-?\d+$/.test(value.python) && !Number.isSafeInteger(number))
        throw new UserError(`${path}: ${value} is too large for a number in a request (at most 9007199254740991): give it as a string`);
      return number;
    }
    if (Array.isArray(value)) return value.map((item, index) => plain(item, `${path}[${index}]`));
    if (value instanceof Secret || !isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        if (holdsNul(key)) throw nulAt(`${path}: the name ${JSON.stringify(key)}`);
        return [key, plain(inner, `${path}.${key}`)];
      }),
    );
  };
  return plain(job, "job_configuration") as ValueObject;
}

function holdsNul(value: Value): boolean {
  return typeof value === "string" && value.includes("\0");
}

function nulAt(path: string): UserError {
  return new UserError(`${path} has a NUL character (\\u0000), which cannot be passed to a program: remove it`);
}
