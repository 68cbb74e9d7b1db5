import { getClientToken } from "@pulumi/azure-native/authorization/getClientToken";
import { Application } from "@pulumi/azuread/application";
import { ApplicationPassword } from "@pulumi/azuread/applicationPassword";
import { getApplicationOutput } from "@pulumi/azuread/getApplication";
import { getServicePrincipalOutput } from "@pulumi/azuread/getServicePrincipal";
import { ServicePrincipal } from "@pulumi/azuread/servicePrincipal";
import * as pulumi from "@pulumi/pulumi";
import { listAzureKeys } from "../../src/keys/listKeys";
import { type ArgumentNames, checkText, declared, partOf } from "../checks";
import type { KeyInManifest } from "../definitions";
import { checkKeysAllowed } from "../federation";
import { physicalName } from "../physicalName";
import { type PoolRotation, rotatingKey } from "../rotatingKeys";
import { checkAzureName, checkClientId, checkEndDate, checkSubmitAccess, subscriptionOf } from "./azureChecks";
import { azureCloud } from "./azureCloud";
import { letSubmit } from "./containerSubmitAccess";
import { SUBMITTING_PRINCIPAL_ARGUMENTS, type SubmittingPrincipalArgs } from "./containerSubmitArgs";

/** Arguments of a `PushServicePrincipal`. */
export interface PushServicePrincipalArgs extends SubmittingPrincipalArgs {
  /**
   * When the secret ends, as a time in UTC. By default two years after it was made. Another value makes a new secret.
   * @example secretEndDate: "2027-06-30T00:00:00Z"
   */
  secretEndDate?: string;
  /**
   * Any string. If it changes, `up` makes a new secret, and then deletes the old one. By default the secret stays.
   * @example secretVersion: "2027-01"
   */
  secretVersion?: string;
}

const PUSH_SERVICE_PRINCIPAL_ARGUMENTS: ArgumentNames<PushServicePrincipalArgs> = {
  ...SUBMITTING_PRINCIPAL_ARGUMENTS,
  secretEndDate: "optional",
  secretVersion: "optional",
};

/**
 * The service principal that submits runs: an application of Microsoft Entra with a secret, and the necessary permissions on the resource group of
 * runs only.
 *
 * ```ts
 * const push = new PushServicePrincipal("etl-push", { resourceGroupName: group.resourceGroupName, identityIds: [pull.identityId] });
 * ```
 */
export class PushServicePrincipal extends pulumi.ComponentResource {
  /**
   * Client id of the application.
   */
  readonly clientId: pulumi.Output<string>;
  /**
   * Id of its tenant.
   */
  readonly tenantId: pulumi.Output<string>;
  /**
   * Object id of its service principal, for role assignments.
   */
  readonly principalId: pulumi.Output<string>;
  /**
   * The secret. Secret.
   */
  readonly clientSecret: pulumi.Output<string>;
  /**
   * When the secret was created, as ISO 8601.
   */
  readonly keyCreatedAt: pulumi.Output<string>;
  /**
   * When the secret ends, as ISO 8601.
   */
  readonly keyEndsAt: pulumi.Output<string>;

  constructor(name: string, args: PushServicePrincipalArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("PushServicePrincipal", name, args, PUSH_SERVICE_PRINCIPAL_ARGUMENTS);
    const subscriptionId = subscriptionOf(args.subscriptionId, of);
    checkSubmitAccess(args, of);
    checkAzureName("displayName", "application", args.displayName, of);
    checkClientId("clientId", args.clientId, of);
    checkEndDate("secretEndDate", args.secretEndDate, of);
    checkText("secretVersion", args.secretVersion, of);
    checkKeysAllowed("this component", "use FederatedServicePrincipal, or ContainerSubmitAccess for those with their own login", of);
    super("pushpool:index:PushServicePrincipal", name, args, opts);
    const made = pushPrincipal(name, { ...args, subscriptionId }, partOf(this, opts));

    this.clientId = made.clientId;
    this.tenantId = made.tenantId;
    this.principalId = made.principalId;
    this.clientSecret = made.clientSecret;
    this.keyCreatedAt = made.keyCreatedAt;
    this.keyEndsAt = made.keyEndsAt;
    this.registerOutputs({
      clientId: this.clientId,
      tenantId: this.tenantId,
      principalId: this.principalId,
      clientSecret: this.clientSecret,
      keyCreatedAt: this.keyCreatedAt,
      keyEndsAt: this.keyEndsAt,
    });
  }
}

/** The resources of {@link PushServicePrincipal}, for a pool that makes them without the component. @param rotation of the secret @default none */
export function pushPrincipal(
  name: string,
  args: PushServicePrincipalArgs & { subscriptionId: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
  rotation?: PoolRotation,
): Pick<PushServicePrincipal, "clientId" | "tenantId" | "principalId" | "clientSecret" | "keyCreatedAt" | "keyEndsAt"> &
  Required<Pick<KeyInManifest, "keyId">> &
  KeyInManifest {
  const { secretEndDate, secretVersion, ...who } = args;
  const { known, allowed } = submittingPrincipal(name, who, options);
  // After its roles: by the time that there is a secret, they have had a while to become known everywhere.
  const make = (secretName: string) =>
    new ApplicationPassword(
      secretName,
      {
        applicationId: known.applicationId,
        displayName: "pushpool",
        ...(secretEndDate === undefined ? {} : { endDate: secretEndDate }),
        ...(secretVersion === undefined ? {} : { rotateWhenChanged: { version: secretVersion } }),
      },
      { ...options, dependsOn: allowed, ...(known.application ? { deletedWith: known.application } : {}) },
    );
  const { clientId: id, tenantId, principalId } = known;
  const principal = { clientId: id, tenantId, principalId };
  if (rotation) return { ...principal, ...changingSecret(name, principal, make, options, rotation) };
  const secret = make(`${name}-secret`);
  return {
    ...principal,
    clientSecret: pulumi.secret(secret.value),
    keyCreatedAt: secret.startDate,
    keyEndsAt: secret.endDate,
    keyId: secret.keyId,
  };
}

/** The current secret of the application, once it is proved. */
function changingSecret(
  name: string,
  { clientId, tenantId }: Pick<Principal, "clientId" | "tenantId">,
  make: (name: string) => ApplicationPassword,
  options: pulumi.CustomResourceOptions,
  rotation: PoolRotation,
): Pick<ReturnType<typeof pushPrincipal>, "clientSecret" | "keyCreatedAt" | "keyEndsAt" | "keyId" | "rotation"> {
  const {
    keyId,
    createdAt,
    read,
    rotation: shown,
  } = rotatingKey(
    {
      cloud: "azure",
      type: "azuread:index/applicationPassword:ApplicationPassword",
      name: `${name}-secret`,
      proof: `${name}-proof`,
      fields: { createdAt: "startDate", secret: "value", owner: "applicationId" },
      limit: 100,
      canImport: false,
      deleteCommand: (application, id) =>
        `az ad app credential delete --id ${application.slice(application.lastIndexOf("/") + 1)} --key-id ${id}`,
      list: (application, service) => {
        // The login of the other provider, for Microsoft Graph. Without it the state counts.
        const asked = getClientToken({ endpoint: azureCloud().graph }, options.parent ? { parent: options.parent } : {});
        return asked.then(({ token }) => listAzureKeys({ service, token }, application)).catch(() => undefined);
      },
      rotation,
      make,
      idOf: (secret) => secret.keyId,
      createdAtOf: ({ startDate }) => startDate,
      secretOf: ({ value }) => ({ clientSecret: value }),
      place: { clientId, tenantId },
    },
    options,
  );
  return {
    clientSecret: pulumi.secret(read(({ value }) => value)),
    keyCreatedAt: createdAt,
    keyEndsAt: read(({ endDate }) => endDate),
    keyId,
    rotation: shown,
  };
}

/** An application that submits, and what it is allowed. */
export function submittingPrincipal(
  name: string,
  args: Omit<PushServicePrincipalArgs, "secretEndDate" | "secretVersion"> & { subscriptionId: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): { known: Principal; allowed: ReturnType<typeof letSubmit> } {
  const { clientId, displayName, ...access } = args;
  const known = clientId === undefined ? newPrincipal(name, displayName, options) : knownPrincipal(clientId, options);
  const members = [{ principalId: known.principalId, principalType: "ServicePrincipal" }];
  return { known, allowed: letSubmit(`${name}-access`, { ...access, members }, options) };
}

/** An application and its service principal. */
interface Principal {
  /** Of the application, as `/applications/OBJECT-ID`. */
  applicationId: pulumi.Output<string>;
  clientId: pulumi.Output<string>;
  tenantId: pulumi.Output<string>;
  principalId: pulumi.Output<string>;
  /** If it is made here. */
  application?: Application;
}

function newPrincipal(name: string, displayName = physicalName(name, 100), options: pulumi.CustomResourceOptions): Principal {
  const application = new Application(`${name}-application`, { displayName }, options);
  const principal = new ServicePrincipal(`${name}-principal`, { clientId: application.clientId }, { ...options, deletedWith: application });
  return {
    application,
    applicationId: application.id,
    clientId: principal.clientId,
    tenantId: principal.applicationTenantId,
    principalId: principal.objectId,
  };
}

function knownPrincipal(clientId: pulumi.Input<string>, { parent }: pulumi.CustomResourceOptions): Principal {
  const asked = parent ? { parent } : {};
  const principal = getServicePrincipalOutput({ clientId }, asked);
  return {
    applicationId: getApplicationOutput({ clientId }, asked).id,
    clientId: pulumi.output(clientId),
    tenantId: principal.applicationTenantId,
    principalId: principal.objectId,
  };
}
