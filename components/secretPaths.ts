import * as pulumi from "@pulumi/pulumi";
import { pointerTo } from "../src/jsonPointer";
import type { AnyJson } from "./anyJson";
import { type Declared, refuse } from "./checks";

/** JSON pointers to the secret outputs of a tree, in order. */
export async function secretPaths(tree: AnyJson, path: string[] = []): Promise<string[]> {
  if (pulumi.Output.isInstance(tree)) return (await pulumi.isSecret(tree)) ? [pointerTo(path)] : [];
  if (tree instanceof Promise) return secretPaths(await tree, path);
  if (tree === null || typeof tree !== "object" || pulumi.Resource.isInstance(tree)) return [];
  const inside = await Promise.all(Object.entries(tree).map(([key, inner]) => secretPaths(inner, [...path, key])));
  return inside.flat();
}

/**
 * Return the parameters unchanged if none is secret. A Prefect server stores and shows parameters in plain text.
 * @throws {pulumi.ResourceError} with the first secret parameter
 */
export async function parametersInClear(parameters: Record<string, AnyJson>, of: Declared): Promise<Record<string, AnyJson>> {
  const [first] = await secretPaths(parameters);
  if (first !== undefined)
    refuse(`parameters${first} is secret, but a Prefect server stores parameters in plain text: use a block, or jobVariables.env`, of);
  return parameters;
}
