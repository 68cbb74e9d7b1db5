import { isJsonObject, type Json } from "../json";
import { MANIFEST_KIND } from "../manifest/manifest";
import { readSecretString } from "../manifest/secretString";
import { UserError } from "../userError";

/**
 * One line for an output of the stack. A manifest is long, so it has only the names. A program in another language than TypeScript exports
 * its manifest as a string of JSON.
 */
export function outputLine(name: string, value: Json): string {
  const tree = treeOf(value);
  if (!isJsonObject(tree) || tree.kind !== MANIFEST_KIND) return `${name}: ${JSON.stringify(value)}`;
  const names = (part: Json | undefined) => (isJsonObject(part) && Object.keys(part).join(", ")) || "none";
  return `${name}: manifest (work pools: ${names(tree.pools)}; deployments: ${names(tree.deployments)})`;
}

/** The tree of a manifest that is a string; any other value as it is. */
function treeOf(value: Json): Json {
  try {
    return readSecretString(value, "")?.tree ?? value;
  } catch (error) {
    // An output of the user's own that only looks like a manifest.
    if (error instanceof UserError) return value;
    throw error;
  }
}
