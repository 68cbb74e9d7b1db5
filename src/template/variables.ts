import type { Value } from "../json";
import { compose } from "./compose";
import { isObject, objectOf } from "./paths";
import { only, type Placeholder, pieces, VARIABLES } from "./placeholders";

/**
 * Replace `{{ prefect.variables.<name> }}` by variables (`prefect.utilities.templating.resolve_variables`). If it is the whole string, the value
 * keeps its type. The part after the prefix is a name, never a path. A missing variable becomes an empty string.
 */
export function resolveVariables(value: Value, variables: Record<string, Value>, path: string): Value {
  if (typeof value === "string") {
    const found = pieces(value);
    const single = only(found);
    if (single?.kind === "variable") return lookUp(single, variables);
    return found.some((piece) => typeof piece === "object" && piece.kind === "variable")
      ? compose(variablesInText(value, variables), path)
      : value;
  }
  if (Array.isArray(value)) return value.map((item, index) => resolveVariables(item, variables, `${path}[${index}]`));
  if (!isObject(value)) return value;
  return objectOf(Object.entries(value).map(([key, inner]) => [key, resolveVariables(inner, variables, `${path}.${key}`)]));
}

/** Split a string at its variable placeholders, and insert their values. */
export function variablesInText(text: string, variables: Record<string, Value>): Value[] {
  return pieces(text).map((piece) => {
    if (typeof piece === "string") return piece;
    return piece.kind === "variable" ? lookUp(piece, variables) : piece.text;
  });
}

function lookUp({ name }: Placeholder, variables: Record<string, Value>): Value {
  const key = name.replaceAll(VARIABLES, "");
  return Object.hasOwn(variables, key) ? (variables[key] as Value) : "";
}
