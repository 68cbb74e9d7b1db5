import type { Value, ValueObject } from "../json";
import { isObject } from "../template/paths";

/** The part of a manifest about a pool's place. */
export interface DeclaredPlace {
  baseJobTemplate: ValueObject;
  /** Data of the pool's block, with secrets wrapped; empty without a block. */
  credentials: ValueObject;
  env: NodeJS.ProcessEnv;
}

/** The place of a pool's runs, unless their job variables say otherwise. `null`: none, or unknown from the manifest. */
export interface PoolLocation {
  /** The cloud's name of the region. */
  region: string | null;
  /** A description of the region, if it has no name, such as `this machine`. */
  words?: string;
  /** The network of the runs. */
  network: string | null;
}

// A pool's place is read from its declaration in the same way for all clouds. Secrets and placeholders count as unknown.

/** The default of a variable in the pool's base job template. */
export function defaultOf({ baseJobTemplate }: DeclaredPlace, variable: string): Value | undefined {
  return valueAtPath(baseJobTemplate, ["variables", "properties", variable, "default"]);
}

/** A value at a path of names and indices. */
export function valueAtPath(tree: Value | undefined, path: readonly (string | number)[]): Value | undefined {
  return path.reduce<Value | undefined>((at, key) => {
    if (Array.isArray(at)) return at[Number(key)];
    return isObject(at) ? (at as ValueObject)[String(key)] : undefined;
  }, tree);
}

/** A string, unless it is a secret, a placeholder or empty. */
export function said(value: Value | undefined): string | undefined {
  return typeof value === "string" && value !== "" && !value.includes("{{") ? value : undefined;
}

/** The last part of a cloud's path: `projects/p/regions/r/subnetworks/flows` is `flows`. */
export function lastPart(path: string): string {
  return path.split("/").at(-1) ?? path;
}
