import type { Value } from "../json";
import { Redactor } from "../redactor";
import { MASK, Secret } from "../secret";

/** Shorter ones would take half of a line away, and are no secret that anyone could keep. */
const SHORTEST = 4;

/** The texts that are secret in a tree. */
export function secretTexts(value: unknown): string[] {
  return [...texts(value as Value, false)];
}

/** Lines that follow each other, with the mask in place of each of these, in whatever form {@link Redactor} knows. */
export function hideSecrets(lines: readonly string[], secrets: readonly string[]): string[] {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.learn(secret);
  const hidden = secrets.filter((secret) => secret.length >= SHORTEST).sort((a, b) => b.length - a.length);
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
