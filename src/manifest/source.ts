import type { Json } from "../json";

/** Where a manifest was found, before it is parsed. */
export interface Source {
  tree: unknown;
  /** JSON pointers into the tree. */
  secretPaths: readonly string[];
  /** For people: the file, or the stack and who keeps it. */
  origin: string;
  /** `<project>/<stack>`; absent: the manifest's own word for it is taken. */
  stack?: string;
  /** When it was pulled, for a cached one. */
  cachedAt?: Date;
}

/** What came of looking in one place: a manifest, or what was looked at and why there is none, for the message at the end. */
export type Search = { found: Source } | { looked: string };

/** What a stack puts out, with JSON pointers to what is secret in it. */
export interface StackOutputs {
  outputs: { [name: string]: Json };
  secretPaths: readonly string[];
}
