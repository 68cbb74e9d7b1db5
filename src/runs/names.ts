import { adjectives, animals, uniqueNamesGenerator } from "unique-names-generator";

/** A name a person can say, `adjective-animal`, as Prefect gives its runs. Not unique; ids are. */
export function madeUpName(): string {
  return uniqueNamesGenerator({ dictionaries: [adjectives, animals], separator: "-", style: "lowerCase" }).replaceAll(" ", "-");
}
