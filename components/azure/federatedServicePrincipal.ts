import { createHash } from "node:crypto";
import { ApplicationFederatedIdentityCredential } from "@pulumi/azuread/applicationFederatedIdentityCredential";
import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, type Declared, declared, partOf, refuse } from "../checks";
import { type FederationArgs, federationOf, type Trust, trustOf } from "../federation";
import { checkAzureName, checkClientId, checkSubmitAccess, subscriptionOf } from "./azureChecks";
import { azureCloud } from "./azureCloud";
import { SUBMITTING_PRINCIPAL_ARGUMENTS, type SubmittingPrincipalArgs } from "./containerSubmitArgs";
import { submittingPrincipal } from "./pushServicePrincipal";

/** Arguments of a `FederatedServicePrincipal`. */
export interface FederatedServicePrincipalArgs extends SubmittingPrincipalArgs {
  /**
   * Who may submit without a secret. Azure compares whole subjects, at most 20.
   * @example federation: { github: { repository: "acme/etl", branch: "main" } }
   */
  federation: FederationArgs;
}

const FEDERATED_SERVICE_PRINCIPAL_ARGUMENTS: ArgumentNames<FederatedServicePrincipalArgs> = {
  ...SUBMITTING_PRINCIPAL_ARGUMENTS,
  federation: "required",
};

/**
 * The service principal that submits runs, without a secret: an application of Microsoft Entra with a federated identity credential for each
 * subject.
 *
 * ```ts
 * const push = new FederatedServicePrincipal("etl-push", {
 *   federation: { github: { repository: "acme/etl", branch: "main" } },
 *   resourceGroupName: group.resourceGroupName,
 * });
 * const block = new AzureContainerInstanceCredentialsBlock("etl", {
 *   clientId: push.clientId, tenantId: push.tenantId, federation: push.federation, keyCreatedAt: push.createdAt,
 * });
 * ```
 */
export class FederatedServicePrincipal extends pulumi.ComponentResource {
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
   * The value for an AzureContainerInstanceCredentialsBlock. It contains no secret.
   */
  readonly federation: AnyJson;
  /**
   * When the newest part of the trust was created, as ISO 8601.
   */
  readonly createdAt: pulumi.Output<string>;

  constructor(name: string, args: FederatedServicePrincipalArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("FederatedServicePrincipal", name, args, FEDERATED_SERVICE_PRINCIPAL_ARGUMENTS);
    const subscriptionId = subscriptionOf(args.subscriptionId, of);
    checkSubmitAccess(args, of);
    checkAzureName("displayName", "application", args.displayName, of);
    checkClientId("clientId", args.clientId, of);
    const trust = azureTrust("federation", args.federation, of);
    super("pushpool:index:FederatedServicePrincipal", name, args, opts);
    const made = federatedPrincipal(name, { ...args, subscriptionId, trust }, partOf(this, opts));
    this.clientId = made.clientId;
    this.tenantId = made.tenantId;
    this.principalId = made.principalId;
    this.federation = made.federation;
    this.createdAt = made.createdAt;
    this.registerOutputs({
      clientId: this.clientId,
      tenantId: this.tenantId,
      principalId: this.principalId,
      federation: this.federation,
      createdAt: this.createdAt,
    });
  }
}

/** Federated identity credentials of an application, and the characters of a subject (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations). */
const MOST = { credentials: 20, characters: 600 };

/** @throws {pulumi.ResourceError} with the field and the fix */
export function azureTrust(at: string, federation: FederationArgs, of: Declared): Trust {
  const trust = trustOf(at, federation, of);
  if (trust.logins.length > 0)
    refuse(
      `${at}.logins is not for Azure, where nobody can act as an application: list them in submitters; they use --credentials ambient`,
      of,
    );
  const kind = federation.github ? "github" : "gitlab";
  if (Object.keys(trust.claims).length > 0)
    refuse(
      `${at}.${kind} needs branch${kind === "github" ? " or environment" : ""}: Azure compares whole subjects. For several, give issuer: "${trust.issuer}" with subjects`,
      of,
    );
  const subjects = [...new Set(trust.subjects)];
  if (subjects.length > MOST.credentials)
    refuse(`${at}.subjects: an application of Azure trusts at most ${MOST.credentials} subjects, and there are ${subjects.length}`, of);
  const long = [trust.issuer, ...subjects].find((each) => each.length > MOST.characters);
  if (long !== undefined)
    refuse(`${at}: Azure accepts issuers and subjects of at most ${MOST.characters} characters, and "${long}" has ${long.length}`, of);
  return { ...trust, subjects };
}

/** What {@link federatedPrincipal} needs. */
interface FederatedPrincipal extends Omit<FederatedServicePrincipalArgs, "federation"> {
  subscriptionId: pulumi.Input<string>;
  trust: Trust;
}

/** Make the resources of {@link FederatedServicePrincipal}, for a pool that does not create the component. */
export function federatedPrincipal(
  name: string,
  { trust, ...who }: FederatedPrincipal,
  options: pulumi.CustomResourceOptions,
): Pick<FederatedServicePrincipal, "clientId" | "tenantId" | "principalId" | "federation" | "createdAt"> {
  const { known, allowed } = submittingPrincipal(name, who, options);
  const { issuer, audience = azureCloud().exchange } = trust;
  // Azure shows no time of creation. The first description stays.
  const description = `Made ${new Date().toISOString()} for those who submit runs: ${name}`.slice(0, 256);
  const credentials = trust.subjects.map((subject) => {
    // Issuer and subject must be unique in an application. Named after them, a trust that changes is a new one, with its own time.
    const part = createHash("sha256").update(`${issuer} ${subject}`).digest("hex").slice(0, 12);
    return new ApplicationFederatedIdentityCredential(
      `${name}-trusted-${part}`,
      { applicationId: known.applicationId, displayName: `pushpool-${part}`, description, issuer, subject, audiences: [audience] },
      {
        ...options,
        ignoreChanges: ["description"],
        dependsOn: allowed,
        ...(known.application ? { deletedWith: known.application } : {}),
      },
    );
  });
  return {
    clientId: known.clientId,
    tenantId: known.tenantId,
    principalId: known.principalId,
    federation: { ...federationOf(trust, { audience, actsAs: known.clientId }), tenant: known.tenantId },
    createdAt: pulumi.all(credentials.map((each) => each.description)).apply(
      (texts) =>
        texts
          .map((text) => /\d{4}-[\d:T.-]+Z/.exec(text ?? "")?.[0] ?? "")
          .sort()
          .at(-1) ?? "",
    ),
  };
}
