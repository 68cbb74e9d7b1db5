import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../components/anyJson";
import { type ArgumentNames, declared, refuse } from "../components/checks";
import { type DeploymentDefinition, type PrefectDefinition, type PushPoolDefinition, present } from "../components/definitions";
import { type LedgerArgs, manifest } from "../components/manifest";
import { blocksRead, definitionsRead, laterOf } from "./definitionLists";
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
  /**
   * The definition of a `PrefectRegistration`. Runs then go through its Prefect API. By default there is no Prefect API, and `PREFECT_*` in
   * the shell is ignored.
   */
  registration?: pulumi.Input<PrefectDefinition>;
  /** The same for a Prefect API on which the program declares each resource by itself. It excludes registration. */
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
  registration: "optional",
  prefect: "optional",
  ledger: "optional",
};

/**
 * The manifest of what a program declares, for programs in other languages than TypeScript. Export its `json` under any name: pushpool finds
 * it among the stack's outputs by its kind.
 *
 * The JSON string is one secret if anything in it is. It names its secrets, so pushpool still masks only these.
 */
export class Manifest extends pulumi.ComponentResource {
  /** The manifest as a JSON string. Export it. */
  readonly json: pulumi.Output<string>;

  constructor(name: string, args: ManifestArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("Manifest", name, args, MANIFEST_ARGUMENTS);
    super("pushpool:index:Manifest", name, {}, opts);
    const { pools, deployments, blocks = {}, variables = {}, registration, prefect, ledger } = args;
    if (registration !== undefined && prefect !== undefined)
      refuse("registration and prefect cannot both be given: leave one of them out", of);
    const made = pulumi.output({ pools, deployments, registration, later: laterOf(blocks) }).apply((known) => {
      const registered = known.registration as AnyJson;
      const definition = registered === undefined ? undefined : fromText(registered, "registration", "registration.definition");
      const tree = manifest({
        pools: definitionsRead(known.pools, "pools", "etl.definition") as AnyJson,
        deployments: definitionsRead(known.deployments, "deployments", "hello.definition") as AnyJson,
        blocks: blocksRead({ ...blocks, ...known.later }),
        variables,
        ...(definition ? { prefect: { definition: definition as unknown as PrefectDefinition } } : {}),
        ...(prefect ? { prefect: { definition: prefectDefinition(prefect) } } : {}),
        ...(ledger ? { ledger } : {}),
      });
      return { json: asText(tree), summary: summaryOf(tree) };
    });
    this.json = made.apply(({ json }) => json);
    // The JSON string may be one secret. Nothing in the summary is.
    this.registerOutputs({ json: this.json, summary: pulumi.unsecret(made.apply(({ summary }) => summary)) });
  }
}

/** What the next `up` needs to know of the manifest in the state: the keys of the pools, and who submits their runs. */
function summaryOf({ blocks, prefect }: Record<string, AnyJson>): { keyIds: Record<string, string>; prefect: boolean } {
  const keyIdOf = ({ keyId }: Record<string, AnyJson>): string => (typeof keyId === "string" ? keyId : "");
  const keyIds = Object.entries(blocks as Record<string, AnyJson>).map(([key, block]) => [key, keyIdOf(block)] as const);
  return { keyIds: Object.fromEntries(keyIds), prefect: prefect !== undefined };
}

function prefectDefinition({ apiUrl, auth, blockIds = {} }: PrefectApiArgs): PrefectDefinition {
  return { prefect: present({ apiUrl, auth: auth === undefined ? undefined : pulumi.secret(auth) }), blockIds };
}
