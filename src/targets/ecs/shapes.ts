import type { Json, JsonObject, Value } from "../../json";
import { suggestion } from "../../nearest";
import { Secret } from "../../secret";
import { UserError } from "../../userError";

/**
 * A shape of AWS' own description of its API, as the SDK carries it: a number for a leaf, `[1, …]` a list, `[2, …]` a map, `[3, …]` a structure;
 * 64 and more is a list, 128 and more a map of that leaf; functions give what is defined further down.
 */
export type Shape = number | string | readonly unknown[] | (() => Shape);

const STRING = 0;
const NUMBER = 1;
const BOOLEAN = 2;
const TIMESTAMP = 4;
const LIST = 64;
const MAP = 128;

type Kind =
  | { kind: "leaf"; leaf: number }
  | { kind: "list"; of: Shape }
  | { kind: "map"; of: Shape }
  | { kind: "structure"; name: string; members: Record<string, Shape>; required: string[] };

export function kindOf(given: Shape): Kind {
  const shape = typeof given === "function" ? given() : given;
  if (typeof shape === "number") {
    if (shape >= MAP) return { kind: "map", of: shape - MAP };
    if (shape >= LIST) return { kind: "list", of: shape - LIST };
    return { kind: "leaf", leaf: shape };
  }
  if (typeof shape === "string") return { kind: "leaf", leaf: STRING };
  if (typeof shape === "function") return kindOf(shape);
  // A shape with traits of its own: the shape itself comes first.
  if (typeof shape[0] !== "number" || Array.isArray(shape[0])) return kindOf(shape[0] as Shape);
  switch (shape[0]) {
    case 1:
      return { kind: "list", of: unwrapped(shape[4]) };
    case 2:
      return { kind: "map", of: unwrapped(shape[5]) };
    case 3:
    case -3: {
      const names = (shape[4] ?? []) as string[];
      const members = (shape[5] ?? []) as Shape[];
      return {
        kind: "structure",
        name: String(shape[2]),
        members: Object.fromEntries(names.map((name, index) => [name, unwrapped(members[index])])),
        required: names.slice(0, Number(shape[6] ?? 0)),
      };
    }
    case 0:
      return kindOf(shape[4] as Shape);
    default:
      return { kind: "leaf", leaf: shape[0] as number };
  }
}

/** `[shape, traits]` is that shape. */
function unwrapped(shape: unknown): Shape {
  if (
    Array.isArray(shape) &&
    shape.length === 2 &&
    (typeof shape[0] === "function" || typeof shape[0] === "number" || Array.isArray(shape[0]))
  )
    return shape[0] as Shape;
  return shape as Shape;
}

/** One difference between a value and AWS' description. */
export interface Difference {
  path: string;
  problem: string;
}

/** Where a value is not what the shape says: the first difference, depth first. What the SDK drops without a word is told here too. */
export function difference(value: Value | undefined, shape: Shape, path: string): Difference | undefined {
  const known = kindOf(shape);
  const not = (what: string): Difference => ({ path, problem: `must be ${what}, not ${JSON.stringify(value)}` });
  if (value instanceof Secret) return { path, problem: "holds a secret, and ECS shows it to whoever may look: pass it in env" };
  switch (known.kind) {
    case "leaf":
      return leafFault(value, known.leaf, not);
    case "list": {
      if (!Array.isArray(value)) return not("a list");
      return first(value.map((item, index) => () => difference(item, known.of, `${path}[${index}]`)));
    }
    case "map":
      if (!isObject(value)) return not("an object");
      return first(
        Object.entries(value).map(
          ([key, item]) =>
            () =>
              difference(item, known.of, `${path}.${key}`),
        ),
      );
    case "structure": {
      if (!isObject(value)) return not("an object");
      const missing = known.required.find((name) => value[name] === undefined);
      if (missing !== undefined) return { path: `${path}.${missing}`, problem: "is missing" };
      return first(
        Object.entries(value).map(([key, item]) => () => {
          const member = Object.hasOwn(known.members, key) ? known.members[key] : undefined;
          if (member === undefined)
            return { path: `${path}.${key}`, problem: `ECS has no such field here: ${suggestion(key, Object.keys(known.members))}` };
          return difference(item, member, `${path}.${key}`);
        }),
      );
    }
  }
}

/** @throws {UserError} naming the path of what AWS does not take */
export function checkShape(value: JsonObject, shape: Shape, path: string): void {
  const found = difference(value, shape, path);
  if (found) throw new UserError(`${found.path}: ${found.problem}`);
}

function leafFault(value: Value | undefined, leaf: number, not: (what: string) => Difference): Difference | undefined {
  switch (leaf) {
    case STRING:
      return typeof value === "string" ? undefined : not("a string");
    case NUMBER:
    case TIMESTAMP:
      return typeof value === "number" ? undefined : not("a number");
    case BOOLEAN:
      return typeof value === "boolean" ? undefined : not("true or false");
    default:
      return undefined;
  }
}

function first(checks: (() => Difference | undefined)[]): Difference | undefined {
  for (const check of checks) {
    const found = check();
    if (found) return found;
  }
  return undefined;
}

function isObject(value: Value | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}
