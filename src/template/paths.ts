import { isJsonObject, type Json, type Value, type ValueObject } from "../json";
import { Secret } from "../secret";
import { UserError } from "../userError";

/** Split a path such as `a.b[0].c` into its segments. */
export function segments(path: string): string[] {
  return path.replaceAll("[", ".").replaceAll("]", "").split(".");
}

/** Whether a value is an object: not a list, a secret, a number or null. */
export function isObject(value: Value | undefined): value is ValueObject {
  return isJsonObject(value) && !(value instanceof Secret);
}

/** Make an object from entries. `__proto__` is a normal key. */
export const objectOf: (entries: Iterable<readonly [string, Value]>) => ValueObject = Object.fromEntries;

/**
 * Follow a path as Prefect does (`prefect.utilities.collections.get_from_dict`). An integer segment is an index into a list or a string, from the
 * end if negative. It never matches a key of an object.
 * @returns `undefined` if there is no value
 * @throws {UserError} if it leads into a secret string that was joined from parts, because no reference can describe a piece of it
 */
export function getPath(root: Value, path: string): Value | undefined {
  let value: Value | undefined = root;
  for (const segment of segments(path)) {
    if (value === undefined) return undefined;
    value = value instanceof Secret ? intoSecret(value, segment) : step(value, segment);
  }
  return value;
}

function step(value: Exclude<Value, Secret>, segment: string): Value | undefined {
  const index = integer(segment);
  if (index !== undefined) {
    if (Array.isArray(value)) return value.at(index);
    return typeof value === "string" ? [...value].at(index) : undefined;
  }
  return isObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
}

/** A piece of a secret is a secret with a longer pointer. */
function intoSecret(secret: Secret, segment: string): Secret | undefined {
  const [part] = secret.parts;
  const whole = secret.known ? secret.reveal() : undefined;
  if (secret.parts.length !== 1 || part === undefined || typeof part === "string") {
    throw new UserError(`"${segment}": cannot take a piece of a string that contains the secret at ${secret.pointers.join(", ")}`);
  }
  const index = integer(segment);
  if (whole === undefined) return deeper(part.pointer, String(index ?? segment));
  const inner = step(whole, segment) as Json | undefined;
  if (inner === undefined) return undefined;
  return deeper(part.pointer, index !== undefined && Array.isArray(whole) ? String((index + whole.length) % whole.length) : segment, inner);
}

function deeper(pointer: string, segment: string, value?: Json): Secret {
  return new Secret([{ pointer: `${pointer}/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}` }], value);
}

/** Turn a secret object into an object of secrets, so that its names can be merged. Other values and unavailable secrets stay as they are. */
export function opened(value: Value): Value {
  if (!(value instanceof Secret) || !value.known) return value;
  const whole = value.reveal();
  const [part] = value.parts;
  if (!isObject(whole) || value.parts.length !== 1 || part === undefined || typeof part === "string") return value;
  return objectOf(Object.entries(whole as Record<string, Json>).map(([key, inner]) => [key, deeper(part.pointer, key, inner)]));
}

/**
 * Require an object. A secret object becomes an object of secrets.
 * @throws {UserError} with `path`, if the value is not an object, or is a secret whose value is not available
 */
export function objectAt(value: Value | undefined, path: string, why = ""): ValueObject {
  const object = opened(value ?? null);
  if (isObject(object)) return object;
  if (object instanceof Secret) throw new UserError(`${path}: is entirely secret; make only the values in it secret that need to be`);
  throw new UserError(`${path}: must be an object${why}`);
}

/** The strings that Python's `int()` reads: an optional sign, digits of any script, single underscores between them. */
const INTEGER = /^[+-]?\p{Nd}+(_\p{Nd}+)*$/u;

function integer(segment: string): number | undefined {
  if (!INTEGER.test(segment)) return undefined;
  return Number(segment.replaceAll("_", "").replace(/\p{Nd}/gu, (digit) => String(digitValue(digit))));
}

/** Unicode has decimal digits in groups of ten that begin with zero. Some groups follow each other directly. */
function digitValue(digit: string): number {
  const code = digit.codePointAt(0) ?? 0;
  let first = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return (code - first) % 10;
}
