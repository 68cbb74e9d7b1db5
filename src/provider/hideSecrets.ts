import type { Value } from "../json";
import { Redactor } from "../redactor";
import { MASK, Secret } from "../secret";

/** Shorter strings are not masked: they occur in many words, and no real secret is so short. */
const MIN_LENGTH = 4;

/** The secret strings in a tree. */
export function secretStrings(value: unknown): string[] {
  return [...texts(value as Value, false)];
}

/** Mask the secrets in consecutive lines, in every form that {@link Redactor} knows. */
export function hideSecrets(lines: readonly string[], secrets: readonly string[]): string[] {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.learn(secret);
  const hidden = secrets.filter((secret) => secret.length >= MIN_LENGTH).sort((a, b) => b.length - a.length);
  const literal = lines.map((line) => hidden.reduce((text, secret) => text.replaceAll(secret, MASK), line));
  return redactor.hideEach(literal);
}

function* texts(value: Value | undefined, isSecret: boolean): Generator<string> {
  if (value instanceof Secret) {
    if (value.known) yield* texts(value.reveal(), true);
  } else if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) yield* texts(inner, isSecret);
  } else if (isSecret && typeof value === "string") yield value;
}
