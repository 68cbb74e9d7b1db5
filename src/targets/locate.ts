import type { Value, ValueObject } from "../json";
import { isObject } from "../template/paths";

/** What a manifest says about a pool's place. */
export interface DeclaredPlace {
  baseJobTemplate: ValueObject;
  /** Of the pool's block, secrets wrapped; empty without one. */
  credentials: ValueObject;
  env: NodeJS.ProcessEnv;
}

/** Where the runs of a pool are, unless their job variables say otherwise. `null`: none, or not known from the manifest. */
export interface PoolLocation {
  /** The cloud's name of the region. */
  region: string | null;
  /** The region in words, if it has no name there, such as `this machine`. */
  words?: string;
  /** The network that runs are put into. */
  network: string | null;
}

/** Reads where a pool is from its declaration, in the same way for all clouds. What is secret or a placeholder is not known. */

/** The default of a variable in the pool's base job template. */
export function defaultOf({ baseJobTemplate }: DeclaredPlace, variable: string): Value | undefined {
  return within(baseJobTemplate, ["variables", "properties", variable, "default"]);
}

/** A value at a path of names and indices. */
export function within(tree: Value | undefined, path: readonly (string | number)[]): Value | undefined {
  return path.reduce<Value | undefined>((at, key) => {
    if (Array.isArray(at)) return at[Number(key)];
    return isObject(at) ? (at as ValueObject)[String(key)] : undefined;
  }, tree);
}

/** A string that says what it means. */
export function said(value: Value | undefined): string | undefined {
  return typeof value === "string" && value !== "" && !value.includes("{{") ? value : undefined;
}

/** The last part of a cloud's path: `projects/p/regions/r/subnetworks/flows` is `flows`. */
export function lastPart(path: string): string {
  return path.split("/").at(-1) ?? path;
}
