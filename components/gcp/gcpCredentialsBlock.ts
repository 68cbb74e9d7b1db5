import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, checkExclusive, checkName, declared } from "../checks";
import { type KeyInManifest, present } from "../definitions";
import { placeOf } from "./gcpChecks";

/** Arguments of a `GcpCredentialsBlock`. */
export interface GcpCredentialsBlockArgs {
  /**
   * The key of a service account: the content of the file that Google provides, as a string or a parsed object. It is stored as a secret,
   * marked or not. By default the block uses federation, else the login of the machine that submits.
   * @example serviceAccountInfo: push.key
   */
  serviceAccountInfo?: AnyJson;
  /**
   * Whose identity tokens Google trusts in place of a key. It excludes serviceAccountInfo. By default nobody's.
   * @example federation: push.federation
   */
  federation?: AnyJson;
  /**
   * Project of the runs. By default the provider's (`gcp:project`).
   * @example project: "acme-data"
   */
  project?: pulumi.Input<string>;
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

const GCP_CREDENTIALS_BLOCK_ARGUMENTS: ArgumentNames<GcpCredentialsBlockArgs> = {
  serviceAccountInfo: "optional",
  federation: "optional",
  project: "optional",
  blockName: "optional",
  keyCreatedAt: "optional",
};

/**
 * A block of Prefect's type `gcp-credentials`.
 *
 * ```ts
 * const block = new GcpCredentialsBlock("etl", { serviceAccountInfo: push.key, keyCreatedAt: push.keyCreatedAt });
 * ```
 */
export class GcpCredentialsBlock extends pulumi.ComponentResource {
  /**
   * The value for a pool's credentialsBlock: gcp-credentials/ and the block document's name.
   */
  readonly blockKey: string;
  /**
   * The value for manifest()'s blocks, by blockKey.
   */
  readonly definition: Record<string, AnyJson>;

  constructor(name: string, args: GcpCredentialsBlockArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("GcpCredentialsBlock", name, args, GCP_CREDENTIALS_BLOCK_ARGUMENTS);
    const { blockName = name, keyCreatedAt } = args;
    const serviceAccountInfo = args.serviceAccountInfo === undefined ? undefined : pulumi.secret(args.serviceAccountInfo);
    checkName("blockName", blockName, of);
    checkExclusive(args, [["federation", "serviceAccountInfo", "the block holds a key, or works without one"]], of);
    const project = placeOf("project", args.project, of);
    super("pushpool:index:GcpCredentialsBlock", name, { ...args, serviceAccountInfo }, opts);

    const block = gcpCredentials({ blockName, serviceAccountInfo, federation: args.federation, project, keyCreatedAt });
    this.blockKey = block.blockKey;
    this.definition = block.definition;
    this.registerOutputs({ blockKey: this.blockKey });
  }
}

/** The manifest entry of {@link GcpCredentialsBlock}, for a pool that does not create the component. */
export function gcpCredentials({
  blockName,
  serviceAccountInfo,
  federation,
  project,
  keyCreatedAt,
  keyId,
  rotation,
}: GcpCredentialsBlockArgs & { blockName: string; serviceAccountInfo?: pulumi.Output<AnyJson> } & KeyInManifest): {
  blockKey: string;
  definition: Record<string, AnyJson>;
} {
  const data = present({ service_account_info: serviceAccountInfo?.apply(asObject), project });
  return {
    blockKey: `gcp-credentials/${blockName}`,
    definition: present({ createdAt: keyCreatedAt, keyId, rotation, data, federation }),
  };
}

/** Prefect's field must be an object. */
function asObject(key: AnyJson): AnyJson {
  if (typeof key !== "string") return key;
  try {
    return JSON.parse(key);
  } catch {
    // The parser's own message would quote a part of the key.
    throw new Error("serviceAccountInfo is not valid JSON: give the key file of a service account, as Google provides it");
  }
}
