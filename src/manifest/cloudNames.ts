import { createHash } from "node:crypto";
import type { Manifest } from "./manifest";

/** The Pulumi stack that names are made for: a manifest's `source`. */
export type StackSource = Manifest["source"];

/** Key of the tag (AWS) or label (Google) that says which stack a thing belongs to. Its value is {@link stackName}. */
export const STACK_TAG = "pushpool-stack";
/** Key of the tag or label that says which work pool a thing belongs to. */
export const POOL_TAG = "pushpool-work-pool";

/** Characters of the readable part. With its digest a name fits Google's 63 characters of a label. */
const LONGEST_SLUG = 40;

/**
 * How a stack is spelled in every name that pushpool makes up in a cloud: `data-dev-1a2b3c4d5e`.
 *
 * The readable part may be cut, and different stacks may share it ("a-b" of "c", "a" of "b-c"). The digest of project and stack keeps them apart.
 * @returns lower-case letters, digits and hyphens; at most 51 characters, a letter or digit at both ends
 */
export function stackName({ project, stack }: StackSource): string {
  return named([project, stack], `${project}-${stack}`);
}

/** The digest of {@link stackName} alone, for names that have little room: ten hexadecimal digits. */
export function stackId({ project, stack }: StackSource): string {
  return digestOf([project, stack]);
}

/**
 * The folder of Parameter Store that holds the secrets of one work pool of one stack, with a slash at both ends.
 * Policies of that pool cover this folder, and no other pool's or stack's.
 */
export function parameterFolder({ project, stack }: StackSource, workPool: string): string {
  return `${sharedParameterFolder(workPool)}${named([project, stack, workPool], `${project}-${stack}`)}/`;
}

/** Where pushpool 0.1.0 kept the secrets of a work pool, whatever its stack. */
export function sharedParameterFolder(workPool: string): string {
  return `/pushpool/${workPool.replaceAll(/[^a-zA-Z0-9_.-]/g, "-")}/`;
}

function named(path: readonly string[], readable: string): string {
  const slug = readable
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST_SLUG)
    .replaceAll(/^-+|-+$/g, "");
  return slug === "" ? digestOf(path) : `${slug}-${digestOf(path)}`;
}

function digestOf(path: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(path)).digest("hex").slice(0, 10);
}
