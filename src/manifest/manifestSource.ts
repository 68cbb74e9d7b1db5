import type { Json } from "../json";

/** A manifest before it is parsed, and where it was found. */
export interface ManifestSource {
  tree: unknown;
  /** JSON pointers into the tree. */
  secretPaths: readonly string[];
  /** For messages: the file, or the stack and its engine. */
  origin: string;
  /** `<project>/<stack>`. If absent, the `source` in the manifest counts. */
  stack?: string;
  /** When it was pulled, for a cached manifest. */
  cachedAt?: Date;
}

/** The result of a search in one place: a manifest, or the place and why there is none, for the error message. */
export type Search = { found: ManifestSource } | { looked: string };

/** The outputs of a stack, with JSON pointers to their secrets. */
export interface StackOutputs {
  outputs: { [name: string]: Json };
  secretPaths: readonly string[];
}
