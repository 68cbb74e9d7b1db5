import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../components/anyJson";
import { type ArgumentNames, declared } from "../components/checks";
import type { DeploymentDefinition, PrefectDefinition, PushPoolDefinition } from "../components/definitions";
import { manifest } from "../components/manifest";
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
   * The definition of a PrefectRegistration. Runs then go through that Prefect API. By default there is no Prefect API, and `PREFECT_*` in
   * the shell is ignored.
   */
  prefect?: pulumi.Input<PrefectDefinition>;
}

const MANIFEST_ARGUMENTS: ArgumentNames<ManifestArgs> = {
  pools: "required",
  deployments: "optional",
  blocks: "optional",
  variables: "optional",
  prefect: "optional",
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
    const { pools, deployments, blocks = {}, variables = {}, prefect } = args;
    const texts = pulumi.output({ pools, deployments, prefect });
    this.json = texts.apply((known) => {
      const definitions = (list: AnyJson, field: string, example: string) =>
        ((list ?? []) as AnyJson[]).map((text, index) => ({ definition: fromText(text, `${field}[${index}]`, example) }));
      const tree = manifest({
        pools: definitions(known.pools, "pools", "etl.definition") as AnyJson,
        deployments: definitions(known.deployments, "deployments", "hello.definition") as AnyJson,
        blocks: withTextsRead(blocks),
        variables,
        ...(known.prefect ? { prefect: { definition: fromText(known.prefect, "prefect", "registration.definition") as AnyJson } } : {}),
      });
      return asText(tree);
    });
    this.registerOutputs({ json: this.json });
  }
}

/** A block may be the definition of a credentials block, which is a text too. */
function withTextsRead(blocks: Record<string, AnyJson>): Record<string, AnyJson> {
  const read = (block: AnyJson, key: string) =>
    typeof block === "string" ? fromText(block, `blocks["${key}"]`, "block.definition") : block;
  return Object.fromEntries(
    Object.entries(blocks).map(([key, block]) => [
      key,
      pulumi.Output.isInstance(block) ? block.apply((known) => read(known, key)) : read(block, key),
    ]),
  );
}
