import { isJsonObject, type Json, type JsonObject } from "../json";
import { getPath } from "../template/paths";
import { only, type Placeholder, pieces } from "../template/placeholders";
import { pythonStr } from "../template/pythonText";

/**
 * The replacement for a placeholder: a value; `"keep"`, which leaves it unchanged; or `"drop"`, which removes it. If a dropped placeholder is the
 * whole string, its key or list item is removed too.
 */
export type PlaceholderAnswer = { value: Json } | "keep" | "drop";

/**
 * Fill the placeholders of a deployment as Prefect's `deploy` does (`prefect.utilities.templating.apply_values`). Inserted values are not
 * searched again.
 * @param answer called once for each placeholder; `alone` says whether it is the whole string
 */
export function applyValues(template: Json, answer: (placeholder: Placeholder, alone: boolean) => PlaceholderAnswer): Json | undefined {
  if (typeof template === "string") return applyText(template, answer);
  if (Array.isArray(template)) return template.map((item) => applyValues(item, answer)).filter((item) => item !== undefined);
  if (!isJsonObject(template)) return template;
  return Object.fromEntries(
    Object.entries(template).flatMap(([key, inner]) => {
      const value = applyValues(inner, answer);
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

function applyText(text: string, answer: (placeholder: Placeholder, alone: boolean) => PlaceholderAnswer): Json | undefined {
  const found = pieces(text);
  const single = only(found);
  if (single) {
    const given = answer(single, true);
    // An environment variable always gives a string, so its key stays.
    if (given === "drop") return single.kind === "environment" ? "" : undefined;
    return given === "keep" ? text : given.value;
  }
  return found
    .map((piece) => {
      if (typeof piece === "string") return piece;
      const given = answer(piece, false);
      return given === "keep" ? piece.text : given === "drop" ? "" : typeof given.value === "string" ? given.value : pythonStr(given.value);
    })
    .join("");
}

/** Look up `{{ $NAME }}` in the environment. As in Prefect's `deploy`, `{{ NAME }}` works too. */
export function fromEnvironment({ kind, name }: Placeholder, env: Readonly<Record<string, string | undefined>>): PlaceholderAnswer {
  if (kind !== "environment" && kind !== "standard") return "keep";
  const variable = name.replace(/^\$+/, "");
  const value = Object.hasOwn(env, variable) ? env[variable] : undefined;
  return value === undefined ? "keep" : { value };
}

/** Look up a placeholder as a path into a value. */
export function fromValues({ kind, name }: Placeholder, values: JsonObject): PlaceholderAnswer {
  if (kind !== "standard") return "keep";
  const value = getPath(values, name) as Json | undefined;
  return value === undefined ? "drop" : { value };
}
