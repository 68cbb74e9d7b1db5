import type { Value, ValueObject } from "../json";
import { compose } from "./compose";
import { getPath, isObject, objectOf } from "./paths";
import { only, pieces } from "./placeholders";

/** What a template is filled from. */
export interface Filling {
  /** Job variables by name. */
  values: ValueObject;
  /** For `{{ $NAME }}`. */
  env: Record<string, string | undefined>;
  /** What later steps would make of clear text; see {@link compose}. */
  finish?: (text: string, path: string) => readonly Value[];
}

/**
 * Put job variables into a template (`prefect.utilities.templating.apply_values`). A text that is one placeholder becomes its value with
 * its type, or goes away, with its key or its place in a list, where it has none; inside a text a value stands as text, a missing one as
 * nothing. Keys are not templated, and what was put in is not searched again: in Prefect that depends on the order of a set.
 * @returns `undefined` where the whole template goes away
 */
export function fill(template: Value, filling: Filling, path: string): Value | undefined {
  if (typeof template === "string") return fillText(template, filling, path);
  if (Array.isArray(template)) {
    return template.map((item, index) => fill(item, filling, `${path}[${index}]`)).filter((item) => item !== undefined);
  }
  if (!isObject(template)) return template;
  return objectOf(
    Object.entries(template).flatMap(([key, inner]) => {
      const value = fill(inner, filling, `${path}.${key}`);
      return value === undefined ? [] : [[key, value] as const];
    }),
  );
}

function fillText(text: string, { values, env, finish }: Filling, path: string): Value | undefined {
  const found = pieces(text);
  const single = only(found);
  if (single?.kind === "standard") return getPath(values, single.name);
  const parts = found.map((piece) => {
    if (typeof piece === "string") return piece;
    const { kind, name } = piece;
    if (kind === "standard") {
      const value = getPath(values, name);
      return value === undefined ? "" : value;
    }
    if (kind !== "environment") return piece.text;
    const variable = name.replace(/^\$+/, "");
    return (Object.hasOwn(env, variable) && env[variable]) || "";
  });
  return compose(parts, path, finish && ((clear) => finish(clear, path)));
}
