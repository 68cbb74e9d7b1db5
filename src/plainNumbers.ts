import { ExactNumber } from "./exactNumber";
import { isJsonObject, type Json, type Value, type ValueObject } from "./json";
import { Secret } from "./secret";
import { UserError } from "./userError";

/**
 * A tree with JavaScript's numbers in its own fields, where code counts with them.
 * @param isFree whether what stands at a path is a user's data, and so keeps every number as it is written
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
 * A rendered job configuration with JavaScript's numbers, as the requests of the clouds take them: `1.0` is 1 there.
 * @throws {UserError} naming the path of a whole number that would lose digits, or of a string with a NUL character, which no program can
 *   be given
 */
export function plainJob(job: ValueObject): ValueObject {
  const plain = (value: Value, path: string): Value => {
    refuseNul(value instanceof Secret && value.known ? value.reveal() : value, path);
    if (value instanceof ExactNumber) {
      const number = value.valueOf();
      if (/^-?\d+$/.test(value.python) && !Number.isSafeInteger(number))
        throw new UserError(
          `${path}: ${value} has more digits than the number of a request can hold (at most 9007199254740991): give it as a string`,
        );
      return number;
    }
    if (Array.isArray(value)) return value.map((item, index) => plain(item, `${path}[${index}]`));
    if (value instanceof Secret || !isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        refuseNul(key, `${path}: the name ${JSON.stringify(key)}`);
        return [key, plain(inner, `${path}.${key}`)];
      }),
    );
  };
  return plain(job, "job_configuration") as ValueObject;
}

function refuseNul(value: Value, path: string): void {
  if (typeof value === "string" && value.includes("\0"))
    throw new UserError(`${path} has a NUL character (\\u0000), which ends a string for every program: take it out`);
}
