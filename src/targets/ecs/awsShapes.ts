import type { Field } from "../cloud/wireFields";

/**
 * A shape of AWS' own description of its API, from the SDK. A number is a leaf, `[1, …]` a list, `[2, …]` a map, `[3, …]` a structure; 64
 * and more is a list, 128 and more a map of that leaf. Functions return shapes that are defined later.
 */
export type Shape = number | string | readonly unknown[] | (() => Shape);

const LEAVES: Record<number, Field> = { 0: "text", 1: "number", 2: "flag", 4: "number" };
const LIST = 64;
const MAP = 128;

const known = new WeakMap<readonly unknown[], Field>();

/** The fields of a request by its shape, without limits of length or number: AWS checks those. */
export function fieldOf(given: Shape): Field {
  const shape = typeof given === "function" ? given() : given;
  if (typeof shape === "function") return fieldOf(shape);
  if (typeof shape === "string") return "text";
  if (typeof shape === "number") {
    if (shape >= MAP) return { map: fieldOf(shape - MAP) };
    if (shape >= LIST) return { list: fieldOf(shape - LIST) };
    return LEAVES[shape] ?? "any";
  }
  // A shape with its own traits: the shape itself comes first.
  if (typeof shape[0] !== "number" || Array.isArray(shape[0])) return fieldOf(shape[0] as Shape);
  switch (shape[0]) {
    case 0:
      return fieldOf(shape[4] as Shape);
    case 1:
      return { list: fieldOf(unwrapped(shape[4])) };
    case 2:
      return { map: fieldOf(unwrapped(shape[5])) };
    case 3:
    case -3:
      return known.get(shape) ?? structureOf(shape);
    default:
      return LEAVES[shape[0]] ?? "any";
  }
}

function structureOf(shape: readonly unknown[]): Field {
  const names = (shape[4] ?? []) as string[];
  const members = (shape[5] ?? []) as Shape[];
  const fields: Record<string, Field> = {};
  const field = { fields, required: names.slice(0, Number(shape[6] ?? 0)) };
  // Before its members: a structure may contain itself.
  known.set(shape, field);
  for (const [index, name] of names.entries()) fields[name] = fieldOf(unwrapped(members[index]));
  return field;
}

/** `[shape, traits]` means that shape. */
function unwrapped(shape: unknown): Shape {
  if (
    Array.isArray(shape) &&
    shape.length === 2 &&
    (typeof shape[0] === "function" || typeof shape[0] === "number" || Array.isArray(shape[0]))
  )
    return shape[0] as Shape;
  return shape as Shape;
}
