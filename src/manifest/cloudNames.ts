import { hash } from "node:crypto";
import type { Manifest } from "./manifest";

/** The Pulumi stack for which names are made: the `source` of a manifest. */
export type StackSource = Manifest["source"];

/** The key of the tag (AWS) or label (Google) that names the stack of a resource. Its value is {@link stackName}. */
export const STACK_TAG = "pushpool-stack";
/** The key of the tag or label that names the work pool of a resource. */
export const POOL_TAG = "pushpool-work-pool";

/** The longest readable part, in characters. With its digest, a name fits into a Google label (63 characters). */
const MAX_SLUG = 40;

/**
 * The name of a stack in all names of cloud resources that pushpool makes: `data-dev-1a2b3c4d5e`.
 *
 * The readable part may be cut, and different stacks may share it (project "a-b", stack "c"; project "a", stack "b-c"). The digest of project and
 * stack makes the name unique.
 * @returns lower-case letters, digits and hyphens; at most 51 characters, a letter or digit at both ends
 */
export function stackName({ project, stack }: StackSource): string {
  return named([project, stack], `${project}-${stack}`);
}

/** Only the digest of {@link stackName}, for names that must be short: ten hexadecimal digits. */
export function stackId({ project, stack }: StackSource): string {
  return digestOf([project, stack]);
}

/**
 * The Parameter Store folder with the secrets of one work pool of one stack, with a slash at both ends.
 * The policies of the pool cover this folder, and no folder of another pool or stack.
 */
export function parameterFolder({ project, stack }: StackSource, workPool: string): string {
  return `${sharedParameterFolder(workPool)}${named([project, stack, workPool], `${project}-${stack}`)}/`;
}

/** The folder in which pushpool 0.1.0 kept the secrets of a work pool. It was the same for all stacks. */
export function sharedParameterFolder(workPool: string): string {
  return `/pushpool/${workPool.replaceAll(/[^a-zA-Z0-9_.-]/g, "-")}/`;
}

function named(path: readonly string[], readable: string): string {
  const slug = readable
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, MAX_SLUG)
    .replaceAll(/^-+|-+$/g, "");
  return slug === "" ? digestOf(path) : `${slug}-${digestOf(path)}`;
}

function digestOf(path: readonly string[]): string {
  return hash("sha256", JSON.stringify(path), "hex").slice(0, 10);
}
