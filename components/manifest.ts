import * as pulumi from "@pulumi/pulumi";
import { MANIFEST_KIND, MANIFEST_VERSION } from "../src/manifest/manifest";
import type { Deployment } from "./deployment";
import type { AnyJson, PoolDefinition } from "./poolDefinition";

/** What a manifest is made of. */
export interface ManifestParts {
  /** Pool components of any cloud. */
  pools: { definition: AnyJson }[];
  deployments?: Deployment[];
  /** More blocks for `{{ prefect.blocks.… }}`, by `<block type slug>/<block document name>`: `{ data: {…} }`. */
  blocks?: Record<string, AnyJson>;
  /** For `{{ prefect.variables.NAME }}`. */
  variables?: Record<string, AnyJson>;
}

/**
 * The manifest of what this program declares: export it, and `pushpool` finds it among the stack's outputs.
 *
 * It is a plain tree with outputs at its leaves, so that of it only what is secret is masked. Do not wrap it in `pulumi.output()`:
 * one secret would make all of it secret.
 *
 * ```ts
 * export const pushPools = manifest({ pools: [pool], deployments: [hello] });
 * ```
 */
export function manifest({ pools, deployments = [], blocks = {}, variables = {} }: ManifestParts): AnyJson {
  const definitions = pools.map(({ definition }) => definition as PoolDefinition);
  return {
    kind: MANIFEST_KIND,
    version: MANIFEST_VERSION,
    source: { project: pulumi.getProject(), stack: pulumi.getStack() },
    pools: Object.fromEntries(definitions.map(({ name, pool }) => [name, pool])),
    blocks: { ...Object.assign({}, ...definitions.map((definition) => definition.blocks)), ...blocks },
    variables,
    deployments: Object.fromEntries(deployments.map(({ definition }) => [definition.name, definition.deployment])),
  };
}
