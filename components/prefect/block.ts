import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, declared } from "../checks";
import { OwnResource } from "../ownResource";
import { prefectBlock } from "../trampoline";

/** Arguments of a `PrefectBlock`. */
export interface PrefectBlockArgs {
  /**
   * Slug of the block type. A change is a replacement.
   * @example blockTypeSlug: "aws-credentials"
   */
  blockTypeSlug: pulumi.Input<string>;
  /**
   * Name of the block document: lowercase letters, digits and dashes. By default the resource's name. A change is a replacement.
   * @example blockName: "etl"
   */
  blockName?: pulumi.Input<string>;
  /**
   * The fields of the block, checked against the schema of the block type on the server. All of them are secret.
   * @example data: { value: config.requireSecret("token") }
   */
  data: Record<string, AnyJson>;
  /**
   * Whether to take over an existing block, instead of an error. Then the block belongs to this resource, and is deleted with it. By
   * default an existing block is an error.
   * @example adoptExisting: true
   */
  adoptExisting?: pulumi.Input<boolean>;
}

const PREFECT_BLOCK_ARGUMENTS: ArgumentNames<PrefectBlockArgs> = {
  blockTypeSlug: "required",
  blockName: "optional",
  data: "required",
  adoptExisting: "optional",
};

/**
 * A block document on a Prefect API.
 *
 * ```ts
 * const secret = new PrefectBlock("warehouse-password", { blockTypeSlug: "secret", data: { value: config.requireSecret("password") } }, { provider: connection });
 * ```
 */
export class PrefectBlock extends OwnResource {
  /** Slug of the block type. */
  declare readonly blockTypeSlug: pulumi.Output<string>;
  /** Name of the block document. */
  declare readonly blockName: pulumi.Output<string>;
  /** Id of the block document, for `$ref`. */
  declare readonly blockDocumentId: pulumi.Output<string>;
  /** URL of the API on which it is registered. */
  declare readonly apiUrl: pulumi.Output<string>;

  constructor(name: string, args: PrefectBlockArgs, opts?: pulumi.CustomResourceOptions) {
    declared("PrefectBlock", name, args, PREFECT_BLOCK_ARGUMENTS);
    const props = { blockName: name, ...args, data: pulumi.secret(args.data), blockDocumentId: undefined, apiUrl: undefined };
    super(
      prefectBlock,
      name,
      props,
      pulumi.mergeOptions({ additionalSecretOutputs: ["data", "connectionAuth"] }, opts),
      "pushpool",
      "PrefectBlock",
    );
  }
}
