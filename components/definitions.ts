import type * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "./anyJson";

/**
 * The manifest entry of a pool component: a plain object whose leaves may be outputs. If the whole entry were one output, a single secret
 * would make all of it secret.
 */
export interface PushPoolDefinition {
  /** Name of the work pool. It must be known while the program runs, because it is a key in the manifest. */
  name: string;
  /** All other fields, in the format of the manifest. */
  pool: Record<string, AnyJson>;
  /** Blocks of the pool, by `<block type slug>/<block document name>`. */
  blocks: Record<string, AnyJson>;
}

/** What the manifest says about the key of a pool's own block. */
export interface KeyInManifest {
  /** The cloud's id of the key. Not secret. */
  keyId?: pulumi.Output<string>;
  /** How it changes, in the format of the manifest. */
  rotation?: pulumi.Output<AnyJson>;
}

/** The manifest entry of a deployment component, in the same form. */
export interface DeploymentDefinition {
  /** `<flow name>/<deployment name>` */
  name: string;
  /** All other fields, in the format of the manifest. */
  deployment: Record<string, AnyJson>;
}

/** The result of `prefect.register()` for `manifest()`. */
export interface PrefectDefinition {
  /** The API for runs, in the format of the manifest. */
  prefect: Record<string, AnyJson>;
  /** Ids of the block documents on the server, by `<block type slug>/<block document name>`. */
  blockIds: Record<string, AnyJson>;
}

/** Remove undefined fields. In a manifest, an undefined field is not the same as an absent one. */
export function present(fields: Record<string, AnyJson>): Record<string, AnyJson> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
