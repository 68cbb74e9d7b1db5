import * as pulumi from "@pulumi/pulumi";
import { MANIFEST_KIND, MANIFEST_VERSION } from "../src/manifest/manifest";
import { storedTemplate } from "../src/template";
import { type ArgumentNames, checkParts } from "./checks";
import type { PrefectDefinition, PushPoolDefinition } from "./definitions";
import type { Deployment } from "./deployment";
import type { AnyJson } from "./json";
import { thisStack } from "./physicalName";

/** What a manifest is made of. */
export interface ManifestParts {
  /** Pool components, of any cloud. */
  pools: readonly { definition: PushPoolDefinition }[];
  deployments?: readonly Deployment[];
  /** More blocks for `{{ prefect.blocks.… }}`, by `<block type slug>/<block document name>`: `{ data: {…} }`. */
  blocks?: Record<string, AnyJson>;
  /** For `{{ prefect.variables.NAME }}`. */
  variables?: Record<string, AnyJson>;
  /** What prefect.register() gave. Runs then go through that Prefect API; without it there is none, whatever the shell says. */
  prefect?: { definition: PrefectDefinition };
}

const MANIFEST_PARTS: ArgumentNames<ManifestParts> = {
  pools: "required",
  deployments: "optional",
  blocks: "optional",
  variables: "optional",
  prefect: "optional",
};

/**
 * The manifest of what this program declares. Export it, under any name: pushpool finds it among the stack's outputs by its kind.
 *
 * It is a plain tree with outputs at its leaves, so that of it only what is secret is masked. Do not wrap it in `pulumi.output()`: one
 * secret would make all of it secret.
 *
 * ```ts
 * export const pushPools = manifest({ pools: [pool], deployments: [hello] });
 * ```
 * @throws {Error} if two pools, blocks or deployments have one name
 */
export function manifest(parts: ManifestParts): Record<string, AnyJson> {
  checkParts("manifest()", parts, MANIFEST_PARTS);
  const { pools, deployments = [], blocks = {}, variables = {}, prefect } = parts;
  const poolEntries = pools.map(
    ({ definition: { name, pool } }) => [name, { ...pool, baseJobTemplate: stored(pool.baseJobTemplate) }] as const,
  );
  const blockEntries = [...pools.flatMap(({ definition }) => Object.entries(definition.blocks)), ...Object.entries(blocks)].map(
    ([key, block]) => {
      const id = prefect?.definition.blockIds[key];
      return [key, id === undefined ? block : { ...block, id }] as const;
    },
  );
  const deploymentEntries = deployments.map(({ definition }) => [definition.name, definition.deployment] as const);
  return {
    kind: MANIFEST_KIND,
    version: MANIFEST_VERSION,
    source: thisStack(),
    pools: byName("work pools", poolEntries),
    blocks: byName("blocks", blockEntries),
    variables,
    deployments: byName("deployments", deploymentEntries),
    ...(prefect ? { prefect: prefect.definition.prefect } : {}),
  };
}

/** As what it differs from one of our own: the output is shown by every preview and `up`. */
function stored(template: AnyJson): AnyJson {
  const isLater = (value: AnyJson) => pulumi.Output.isInstance(value) || value instanceof Promise;
  const isTemplate = typeof template === "object" && template !== null && !isLater(template);
  return isTemplate && Object.keys(template).length > 0 ? storedTemplate(template, isLater) : template;
}

function byName(what: string, entries: readonly (readonly [string, AnyJson])[]): Record<string, AnyJson> {
  const names = entries.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new pulumi.RunError(`manifest(): two ${what} are called "${twice}": give one of them another name`);
  return Object.fromEntries(entries);
}
