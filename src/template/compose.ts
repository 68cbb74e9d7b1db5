import type { Value } from "../json";
import { Secret, type SecretPart } from "../secret";
import { UserError } from "../userError";
import { pythonStr, SecretInText } from "./pythonText";

/**
 * Join literal text and values to one text, values by Python's `str()`. Where one of them is secret so is the whole, kept as the
 * recipe it was made by; a secret whose value is not at hand gives one whose value is not.
 * @param finish what later steps would make of the clear text: once it is part of a secret they do not look into it again
 * @throws {UserError} naming `path`, if a value is a list or object with a secret in it
 */
export function compose(
  parts: readonly Value[],
  path: string,
  finish: (text: string) => readonly Value[] = (text) => [text],
): string | Secret {
  const clear = joined(parts, path);
  if (!clear.some((part) => part instanceof Secret)) return clear.join("");
  const finished = joined(
    clear.flatMap((part) => (part instanceof Secret ? [part] : finish(part))),
    path,
  );
  const recipe: SecretPart[] = finished.flatMap((part) => (part instanceof Secret ? part.parts : [part]));
  // One pointer alone would keep its type: this is text.
  if (recipe.length === 1) recipe.push("");
  if (finished.some((part) => part instanceof Secret && !part.known)) return new Secret(recipe);
  const text = finished.map((part) => (part instanceof Secret ? textOf(part.reveal(), path) : part));
  return new Secret(recipe, text.join(""));
}

/** A value as text by Python's `str()`, a secret one as secret text. */
export function asText(value: Value, path: string): string | Secret {
  return typeof value === "string" ? value : compose([value], path);
}

/** Values as text, neighbours made one; secrets as they are. */
function joined(parts: readonly Value[], path: string): (string | Secret)[] {
  const all: (string | Secret)[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (part instanceof Secret) all.push(part);
    else if (typeof last === "string") all[all.length - 1] = last + textOf(part, path);
    else all.push(textOf(part, path));
  }
  return all.filter((part) => part !== "");
}

function textOf(value: Exclude<Value, Secret>, path: string): string {
  try {
    return pythonStr(value);
  } catch (error) {
    if (!(error instanceof SecretInText)) throw error;
    throw new UserError(`${path}: a list or object with a secret in it cannot become text; refer to the secret leaf itself`);
  }
}
