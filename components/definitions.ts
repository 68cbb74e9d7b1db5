import type { AnyJson } from "./json";

/**
 * What a pool component gives to `manifest()`. A plain object with outputs at its leaves: as one output, a single secret in it would
 * make all of it secret.
 */
export interface PushPoolDefinition {
  /** Work pool name; known at once, since the manifest has it as a key. */
  name: string;
  /** All else, as the manifest has it. */
  pool: Record<string, AnyJson>;
  /** Blocks that the pool brings along, by `<block type slug>/<block document name>`. */
  blocks: Record<string, AnyJson>;
}

/** What a deployment component gives to `manifest()`; plain for the same reason. */
export interface DeploymentDefinition {
  /** `<flow name>/<deployment name>` */
  name: string;
  /** All else, as the manifest has it. */
  deployment: Record<string, AnyJson>;
}

/** What `prefect.register()` gives to `manifest()`. */
export interface PrefectDefinition {
  /** The API that runs go through, as the manifest has it. */
  prefect: Record<string, AnyJson>;
  /** Ids of the block documents there, by `<block type slug>/<block document name>`. */
  blockIds: Record<string, AnyJson>;
}

/** An object without what is not there: an absent field and one that is undefined are not the same in a manifest. */
export function present(fields: Record<string, AnyJson>): Record<string, AnyJson> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
