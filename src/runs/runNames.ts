import { adjectives, animals, uniqueNamesGenerator } from "unique-names-generator";

/** A generated name, `adjective-animal`, like those of Prefect's runs. It is not unique; ids are. */
export function madeUpName(): string {
  return uniqueNamesGenerator({ dictionaries: [adjectives, animals], separator: "-", style: "lowerCase" }).replaceAll(" ", "-");
}
