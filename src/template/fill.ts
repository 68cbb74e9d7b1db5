import type { Value, ValueObject } from "../json";
import { compose } from "./compose";
import { getPath, isObject, objectOf } from "./paths";
import { only, pieces } from "./placeholders";

/** The values that fill a template. */
export interface Filling {
  /** Job variables by name. */
  values: ValueObject;
  /** The environment for `{{ $NAME }}`. */
  env: Record<string, string | undefined>;
  /** Applies the later rendering steps to clear strings; see {@link compose}. */
  finish?: (text: string, path: string) => readonly Value[];
}

/**
 * Insert job variables into a template (`prefect.utilities.templating.apply_values`). If a string is a single placeholder, the value replaces
 * it and keeps its type; without a value, its key or list item is removed. Inside a longer string a value becomes a string, and a missing value
 * becomes empty. Keys are not templated. Inserted values are not searched again; in Prefect that depends on the order of a set.
 * @returns `undefined` if the whole template is removed
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
