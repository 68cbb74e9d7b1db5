import * as pulumi from "@pulumi/pulumi";
import { MANIFEST_KIND, MANIFEST_VERSION } from "../src/manifest/manifest";
import { storedTemplate } from "../src/template";
import type { AnyJson } from "./anyJson";
import { type ArgumentNames, checkPart, checkParts } from "./checks";
import type { PrefectDefinition, PushPoolDefinition } from "./definitions";
import type { Deployment } from "./deployment";
import { thisStack } from "./physicalName";

/** Arguments of `manifest()`. */
export interface ManifestParts {
  /**
   * The work pools: pool components of any cloud. Two pools cannot have the same name.
   * @example pools: [etl]
   */
  pools: readonly { definition: PushPoolDefinition }[];
  /**
   * The deployments of this program. By default none; `pushpool deploy` can add others from a prefect.yaml.
   * @example deployments: [hello]
   */
  deployments?: readonly Deployment[];
  /**
   * Blocks for `{{ prefect.blocks.… }}`, by `<block type slug>/<block document name>`. Any value in them may be secret. By default only the
   * blocks of the pools.
   * @example blocks: { "secret/token": { data: { value: config.requireSecret("token") } } }
   */
  blocks?: Record<string, AnyJson>;
  /**
   * Values for `{{ prefect.variables.NAME }}`. By default none.
   * @example variables: { bucket: "orders" }
   */
  variables?: Record<string, AnyJson>;
  /**
   * The result of prefect.register(). Runs then go through that Prefect API. By default there is no Prefect API, and `PREFECT_*` in the shell
   * is ignored.
   * @example prefect: prefect.register(connection, { pools: [etl], deployments: [hello] })
   */
  prefect?: { definition: PrefectDefinition };
  /**
   * The Postgres database in which everybody who reads this manifest records the runs. Its URL is stored as a secret. By default each home
   * folder has its own ledger.
   * @example ledger: { url: config.requireSecret("ledgerUrl") }
   */
  ledger?: LedgerArgs;
}

/** A ledger that a team shares. */
export interface LedgerArgs {
  /**
   * `postgres://USER:PASSWORD@HOST/DATABASE`, with libpq's parameters such as `sslmode`. It is stored as a secret.
   * @example url: config.requireSecret("ledgerUrl")
   */
  url: pulumi.Input<string>;
  /**
   * The schema of its tables. By default `pushpool`.
   * @example schema: "team_a"
   */
  schema?: pulumi.Input<string>;
}

const MANIFEST_PARTS: ArgumentNames<ManifestParts> = {
  pools: "required",
  deployments: "optional",
  blocks: "optional",
  variables: "optional",
  prefect: "optional",
  ledger: "optional",
};

export const LEDGER_ARGS: ArgumentNames<LedgerArgs> = { url: "required", schema: "optional" };

/**
 * Make the manifest of what this program declares. Export it under any name: pushpool finds it among the stack's outputs by its kind.
 *
 * It is a plain object whose leaves may be outputs, so Pulumi masks only its secret values. Do not wrap it in `pulumi.output()`: a single
 * secret would then make all of it secret.
 *
 * ```ts
 * export const pushPools = manifest({ pools: [pool], deployments: [hello] });
 * ```
 * @throws {Error} if two pools, blocks or deployments have the same name
 */
export function manifest(parts: ManifestParts): Record<string, AnyJson> {
  checkParts("manifest()", parts, MANIFEST_PARTS);
  const { pools, deployments = [], blocks = {}, variables = {}, prefect, ledger } = parts;
  if (ledger !== undefined) checkPart("manifest()", "ledger", ledger, LEDGER_ARGS);
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
    ...(ledger ? { ledger: { ...ledger, url: pulumi.secret(ledger.url) } } : {}),
  };
}

/** The short form of a template, because every preview and `up` prints the output. */
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
