import { isJsonObject, type Json, type Value, type ValueObject } from "../json";
import { Secret } from "../secret";
import { UserError } from "../userError";

/** `a.b[0].c` as its segments. */
export function segments(path: string): string[] {
  return path.replaceAll("[", ".").replaceAll("]", "").split(".");
}

/** An object of the tree: no list, no secret, no number, not null. */
export function isObject(value: Value | undefined): value is ValueObject {
  return isJsonObject(value) && !(value instanceof Secret);
}

/** Object entries as an object; a key `__proto__` is a key like any other. */
export const objectOf: (entries: Iterable<readonly [string, Value]>) => ValueObject = Object.fromEntries;

/**
 * Walk a path as Prefect does (`prefect.utilities.collections.get_from_dict`): a segment that reads as an integer is an index into a
 * list or a text, from the end if negative, and matches no object's key.
 * @returns `undefined` where there is nothing
 * @throws {UserError} if it leads into a secret text that was put together, a piece of which cannot be kept as a reference
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

/** A piece of a secret is a secret, pointed at more deeply. */
function intoSecret(secret: Secret, segment: string): Secret | undefined {
  const [part] = secret.parts;
  const whole = secret.known ? secret.reveal() : undefined;
  if (secret.parts.length !== 1 || part === undefined || typeof part === "string") {
    throw new UserError(`"${segment}" of a text with the secret at ${secret.pointers.join(", ")}: no piece of it can be taken`);
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

/** A secret object as an object of secrets, so that its names can be merged; anything else, and what is not known here, as it is. */
export function opened(value: Value): Value {
  if (!(value instanceof Secret) || !value.known) return value;
  const whole = value.reveal();
  const [part] = value.parts;
  if (!isObject(whole) || value.parts.length !== 1 || part === undefined || typeof part === "string") return value;
  return objectOf(Object.entries(whole as Record<string, Json>).map(([key, inner]) => [key, deeper(part.pointer, key, inner)]));
}

/**
 * An object, though it may be secret as a whole.
 * @throws {UserError} naming `path`, if it is none, or is secret and not known here
 */
export function objectAt(value: Value | undefined, path: string, why = ""): ValueObject {
  const object = opened(value ?? null);
  if (isObject(object)) return object;
  if (object instanceof Secret) throw new UserError(`${path}: is secret as a whole; make only those of its values secret that are`);
  throw new UserError(`${path}: must be an object${why}`);
}

/** What Python's `int()` reads: a sign, single underscores between digits, digits of any script. */
const INTEGER = /^[+-]?\p{Nd}+(_\p{Nd}+)*$/u;

function integer(segment: string): number | undefined {
  if (!INTEGER.test(segment)) return undefined;
  return Number(segment.replaceAll("_", "").replace(/\p{Nd}/gu, (digit) => String(digitValue(digit))));
}

/** Unicode keeps decimal digits in runs of ten, zero first, some of them back to back. */
function digitValue(digit: string): number {
  const code = digit.codePointAt(0) ?? 0;
  let first = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return (code - first) % 10;
}
