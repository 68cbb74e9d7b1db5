import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../components/anyJson";
import { type ArgumentNames, declared } from "../components/checks";
import { type DeploymentDefinition, type PrefectDefinition, type PushPoolDefinition, present } from "../components/definitions";
import { type LedgerArgs, manifest } from "../components/manifest";
import { asText, fromText } from "./definitionText";

/** Arguments of a `Manifest`. */
export interface ManifestArgs {
  /** The work pools: the definition of each pool component. Two pools cannot have the same name. */
  pools: pulumi.Input<pulumi.Input<PushPoolDefinition>[]>;
  /** The deployments: the definition of each. By default none; `pushpool deploy` can add others from a prefect.yaml. */
  deployments?: pulumi.Input<pulumi.Input<DeploymentDefinition>[]>;
  /**
   * Blocks for `{{ prefect.blocks.… }}`, by `<block type slug>/<block document name>`. Any value in them may be secret. By default only the
   * blocks of the pools.
   */
  blocks?: Record<string, AnyJson>;
  /** Values for `{{ prefect.variables.NAME }}`. By default none. */
  variables?: Record<string, AnyJson>;
  /** The Prefect API for runs. By default there is no Prefect API, and `PREFECT_*` in the shell is ignored. */
  prefect?: PrefectApiArgs;
  /** The Postgres database in which everybody who uses this manifest records the runs. By default each folder has its own ledger. */
  ledger?: LedgerArgs;
}

/** A Prefect API for runs, on which the pools are registered. */
export interface PrefectApiArgs {
  /** Base URL of the API: the apiUrl of a PrefectWorkPool there. */
  apiUrl: pulumi.Input<string>;
  /** API key, or user:password of a self-hosted server. By default none. */
  auth?: pulumi.Input<string>;
  /** Ids of the block documents there, by `<block type slug>/<block document name>`: the blockDocumentId of each PrefectBlock. By default none. */
  blockIds?: Record<string, pulumi.Input<string>>;
}

const MANIFEST_ARGUMENTS: ArgumentNames<ManifestArgs> = {
  pools: "required",
  deployments: "optional",
  blocks: "optional",
  variables: "optional",
  prefect: "optional",
  ledger: "optional",
};

/**
 * The manifest of what a program declares, for programs in other languages than TypeScript. Export its `json` under any name: pushpool finds
 * it among the stack's outputs by its kind.
 *
 * The text is one secret if anything in it is. It names its secrets, so pushpool still masks only these.
 */
export class Manifest extends pulumi.ComponentResource {
  /** The manifest as a text. Export it. */
  readonly json: pulumi.Output<string>;

  constructor(name: string, args: ManifestArgs, opts?: pulumi.ComponentResourceOptions) {
    declared("Manifest", name, args, MANIFEST_ARGUMENTS);
    super("pushpool:index:Manifest", name, {}, opts);
    const { pools, deployments, blocks = {}, variables = {}, prefect, ledger } = args;
    // The definition of a credentials block is a text too, and mostly an output.
    const later = Object.fromEntries(Object.entries(blocks).filter(([, block]) => pulumi.Output.isInstance(block)));
    this.json = pulumi.output({ pools, deployments, later }).apply((known) => {
      const definitions = (list: AnyJson, field: string, example: string) =>
        ((list ?? []) as AnyJson[]).map((text, index) => ({ definition: fromText(text, `${field}[${index}]`, example) }));
      const tree = manifest({
        pools: definitions(known.pools, "pools", "etl.definition") as AnyJson,
        deployments: definitions(known.deployments, "deployments", "hello.definition") as AnyJson,
        blocks: withTextsRead({ ...blocks, ...known.later }),
        variables,
        ...(prefect ? { prefect: { definition: prefectDefinition(prefect) } } : {}),
        ...(ledger ? { ledger } : {}),
      });
      return asText(tree);
    });
    this.registerOutputs({ json: this.json });
  }
}

function prefectDefinition({ apiUrl, auth, blockIds = {} }: PrefectApiArgs): PrefectDefinition {
  return { prefect: present({ apiUrl, auth: auth === undefined ? undefined : pulumi.secret(auth) }), blockIds };
}

/** The blocks, with those that are given as a definition's text. */
function withTextsRead(blocks: Record<string, AnyJson>): Record<string, AnyJson> {
  const read = ([key, block]: [string, AnyJson]) => [
    key,
    typeof block === "string" ? fromText(block, `blocks["${key}"]`, "block.definition") : block,
  ];
  return Object.fromEntries(Object.entries(blocks).map(read));
}
