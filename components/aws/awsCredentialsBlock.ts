import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, checkExclusive, checkName, declared, refuse } from "../checks";
import { type KeyInManifest, present } from "../definitions";
import { regionOf } from "./awsChecks";

/** Arguments of an `AwsCredentialsBlock`. */
export interface AwsCredentialsBlockArgs {
  /**
   * Id of an access key; it needs secretAccessKey. By default the block stands for the login of the machine that submits.
   * @example accessKeyId: push.accessKeyId
   */
  accessKeyId?: pulumi.Input<string>;
  /**
   * The access key's secret; it needs accessKeyId. It is kept secret, marked or not. By default there is no key.
   * @example secretAccessKey: push.secretAccessKey
   */
  secretAccessKey?: pulumi.Input<string>;
  /**
   * Whose identity tokens AWS trusts in place of a key. It excludes accessKeyId. By default nobody's.
   * @example federation: push.federation
   */
  federation?: AnyJson;
  /**
   * Region of the runs. By default the provider's (`aws:region`).
   * @example region: "eu-west-1"
   */
  region?: pulumi.Input<string>;
  /**
   * Name of the block document. By default the component's name.
   * @example blockName: "etl"
   */
  blockName?: string;
  /**
   * When the key was created, as ISO 8601. Runs wait until a young key is effective. By default the key counts as old.
   * @example keyCreatedAt: push.keyCreatedAt
   */
  keyCreatedAt?: pulumi.Input<string>;
}

const AWS_CREDENTIALS_BLOCK_ARGUMENTS: ArgumentNames<AwsCredentialsBlockArgs> = {
  accessKeyId: "optional",
  secretAccessKey: "optional",
  federation: "optional",
  region: "optional",
  blockName: "optional",
  keyCreatedAt: "optional",
};

/**
 * A block of Prefect's type `aws-credentials`. It has no field for the cluster, which is a job variable of the work pool. (Prefect's older
 * guide puts the cluster into the block.)
 *
 * ```ts
 * const block = new AwsCredentialsBlock("etl", { accessKeyId: push.accessKeyId, secretAccessKey: push.secretAccessKey });
 * ```
 */
export class AwsCredentialsBlock extends pulumi.ComponentResource {
  /**
   * The value for a pool's credentialsBlock: aws-credentials/ and the block document's name.
   */
  readonly blockKey: string;
  /**
   * The value for manifest()'s blocks, by blockKey.
   */
  readonly definition: Record<string, AnyJson>;

  constructor(name: string, args: AwsCredentialsBlockArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("AwsCredentialsBlock", name, args, AWS_CREDENTIALS_BLOCK_ARGUMENTS);
    const { blockName = name, accessKeyId, keyCreatedAt } = args;
    const secretAccessKey = args.secretAccessKey === undefined ? undefined : pulumi.secret(args.secretAccessKey);
    checkName("blockName", blockName, of);
    checkExclusive(args, [["federation", "accessKeyId", "the block holds a key, or works without one"]], of);
    if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
      refuse("accessKeyId and secretAccessKey belong together: give both, or neither to use the submitter's own login", of);
    const region = regionOf(args.region, of);
    super("pushpool:index:AwsCredentialsBlock", name, { ...args, secretAccessKey }, opts);

    const block = awsCredentials({ blockName, accessKeyId, secretAccessKey, federation: args.federation, region, keyCreatedAt });
    this.blockKey = block.blockKey;
    this.definition = block.definition;
    this.registerOutputs({ blockKey: this.blockKey });
  }
}

/** The manifest entry of {@link AwsCredentialsBlock}, for a pool that does not create the component. */
export function awsCredentials({
  blockName,
  accessKeyId,
  secretAccessKey,
  federation,
  region,
  keyCreatedAt,
  keyId,
  rotation,
}: AwsCredentialsBlockArgs & { blockName: string; secretAccessKey?: pulumi.Output<string> } & KeyInManifest): {
  blockKey: string;
  definition: Record<string, AnyJson>;
} {
  const data = { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey, region_name: region };
  return {
    blockKey: `aws-credentials/${blockName}`,
    definition: present({ createdAt: keyCreatedAt, keyId, rotation, data: present(data), federation }),
  };
}
