import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, checkExclusive, checkName, declared, refuse } from "../checks";
import { type KeyInManifest, present } from "../definitions";
import { checkClientId } from "./azureChecks";
import { azureCloud } from "./azureCloud";

/** Arguments of an `AzureContainerInstanceCredentialsBlock`. */
export interface AzureContainerInstanceCredentialsBlockArgs {
  /**
   * Client id of the application; it needs tenantId, and clientSecret or federation. By default the block stands for the login of the machine that submits.
   * @example clientId: push.clientId
   */
  clientId?: pulumi.Input<string>;
  /**
   * Id of the application's tenant; it needs clientId, and clientSecret or federation. By default none.
   * @example tenantId: push.tenantId
   */
  tenantId?: pulumi.Input<string>;
  /**
   * The application's secret; it needs clientId and tenantId. It is kept secret, marked or not. By default none.
   * @example clientSecret: push.clientSecret
   */
  clientSecret?: pulumi.Input<string>;
  /**
   * Whose identity tokens Microsoft Entra trusts in place of a secret; it needs clientId and tenantId. It excludes clientSecret. By default
   * nobody's.
   * @example federation: push.federation
   */
  federation?: AnyJson;
  /**
   * Host where one logs in. By default that of the provider's cloud (`azure-native:environment`).
   * @example authority: "login.microsoftonline.us"
   */
  authority?: pulumi.Input<string>;
  /**
   * Name of the block document. By default the component's name.
   * @example blockName: "etl"
   */
  blockName?: string;
  /**
   * When the secret was created, as ISO 8601. Runs wait until a young secret is effective. By default the secret counts as old.
   * @example keyCreatedAt: push.keyCreatedAt
   */
  keyCreatedAt?: pulumi.Input<string>;
}

const AZURE_CREDENTIALS_BLOCK_ARGUMENTS: ArgumentNames<AzureContainerInstanceCredentialsBlockArgs> = {
  clientId: "optional",
  tenantId: "optional",
  clientSecret: "optional",
  federation: "optional",
  authority: "optional",
  blockName: "optional",
  keyCreatedAt: "optional",
};

/**
 * A block of Prefect's type `azure-container-instance-credentials`.
 *
 * ```ts
 * const block = new AzureContainerInstanceCredentialsBlock("etl", {
 *   clientId: push.clientId, tenantId: push.tenantId, clientSecret: push.clientSecret, keyCreatedAt: push.keyCreatedAt,
 * });
 * ```
 */
export class AzureContainerInstanceCredentialsBlock extends pulumi.ComponentResource {
  /**
   * The value for a pool's credentialsBlock: azure-container-instance-credentials/ and the block document's name.
   */
  readonly blockKey: string;
  /**
   * The value for manifest()'s blocks, by blockKey.
   */
  readonly definition: Record<string, AnyJson>;

  constructor(name: string, args: AzureContainerInstanceCredentialsBlockArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("AzureContainerInstanceCredentialsBlock", name, args, AZURE_CREDENTIALS_BLOCK_ARGUMENTS);
    const { blockName = name, clientId, tenantId } = args;
    const clientSecret = args.clientSecret === undefined ? undefined : pulumi.secret(args.clientSecret);
    checkName("blockName", blockName, of);
    checkClientId("clientId", clientId, of);
    checkExclusive(args, [["federation", "clientSecret", "the block contains a secret, or works without one"]], of);
    const given = [clientId, tenantId, clientSecret ?? args.federation].filter((each) => each !== undefined).length;
    if (given !== 0 && given !== 3)
      refuse(
        "clientId, tenantId and clientSecret (or federation) belong together: give all three, or none to use the submitter's own login",
        of,
      );
    super("pushpool:index:AzureContainerInstanceCredentialsBlock", name, { ...args, clientSecret }, opts);

    const block = azureCredentials({ ...args, blockName, clientSecret });
    this.blockKey = block.blockKey;
    this.definition = block.definition;
    this.registerOutputs({ blockKey: this.blockKey });
  }
}

/** The type of the block, in its key. */
export const BLOCK_TYPE = "azure-container-instance-credentials";

/** What {@link AzureContainerInstanceCredentialsBlock} gives to the manifest, for a pool without the component. */
export function azureCredentials({
  blockName,
  clientId,
  tenantId,
  clientSecret,
  federation,
  authority = azureCloud().authority,
  keyCreatedAt,
  keyId,
  rotation,
}: AzureContainerInstanceCredentialsBlockArgs & { blockName: string; clientSecret?: pulumi.Output<string> } & KeyInManifest): {
  blockKey: string;
  definition: Record<string, AnyJson>;
} {
  const data = {
    client_id: clientId,
    tenant_id: tenantId,
    client_secret: clientSecret,
    // Prefect passes it on to Azure's library.
    credential_kwargs: authority === undefined ? undefined : { authority },
  };
  return {
    blockKey: `${BLOCK_TYPE}/${blockName}`,
    definition: present({ createdAt: keyCreatedAt, keyId, rotation, data: present(data), federation }),
  };
}
