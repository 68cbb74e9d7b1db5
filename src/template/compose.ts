import type { Value } from "../json";
import { Secret, type SecretPart } from "../secret";
import { UserError } from "../userError";
import { pythonStr, SecretInText } from "./pythonText";

/**
 * Join literal strings and values into one string; values become strings by Python's `str()`. If one of them is secret, so is the result,
 * which records its parts. If the value of one secret is not available, that of the result is not either.
 * @param finish applies the later rendering steps to clear strings, because those steps do not look into a secret
 * @throws {UserError} with `path`, if a value is a list or object with a secret in it
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
  // A single pointer would keep the type of its value, but the result must be a string.
  if (recipe.length === 1) recipe.push("");
  if (finished.some((part) => part instanceof Secret && !part.known)) return new Secret(recipe);
  const text = finished.map((part) => (part instanceof Secret ? textOf(part.reveal(), path) : part));
  return new Secret(recipe, text.join(""));
}

/** Convert a value to a string by Python's `str()`. A secret becomes a secret string. */
export function asText(value: Value, path: string): string | Secret {
  return typeof value === "string" ? value : compose([value], path);
}

/** Convert values to strings, and join those that follow each other. Secrets stay as they are. */
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
    throw new UserError(`${path}: a list or object with a secret in it cannot become a string; refer to the secret value itself`);
  }
}
