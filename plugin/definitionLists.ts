import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../components/anyJson";
import { fromText } from "./definitionText";

/** The definitions in a list of JSON strings. @param field the argument with the list @param example of an item, for messages */
export function definitionsRead(texts: AnyJson, field: string, example: string): { definition: Record<string, AnyJson> }[] {
  return ((texts ?? []) as AnyJson[]).map((text, index) => ({ definition: fromText(text, `${field}[${index}]`, example) }));
}

/** The blocks that are outputs: the definition of a credentials block is a JSON string, and mostly an output. */
export function laterOf(blocks: Record<string, AnyJson>): Record<string, AnyJson> {
  return Object.fromEntries(Object.entries(blocks).filter(([, block]) => pulumi.Output.isInstance(block)));
}

/** The blocks. One that is given as a JSON string is parsed. */
export function blocksRead(blocks: Record<string, AnyJson>): Record<string, AnyJson> {
  const read = ([key, block]: [string, AnyJson]) => [
    key,
    typeof block === "string" ? fromText(block, `blocks["${key}"]`, "block.definition") : block,
  ];
  return Object.fromEntries(Object.entries(blocks).map(read));
}
