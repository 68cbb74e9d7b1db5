import { WorkloadIdentityPool, WorkloadIdentityPoolProvider } from "@pulumi/gcp/iam";
import { IAMMember } from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, checkChoice, type Declared, declared, partOf, refuse } from "../checks";
import { type FederationArgs, federationOf, type Trust, trustOf } from "../federation";
import { inPlaceOf } from "../inPlaceOf";
import { physicalName } from "../physicalName";
import { Permissions } from "../submitting";
import { checkAccount, checkMembers, placeOf } from "./gcpChecks";
import { JOB_SUBMIT_ARGUMENTS, type JobSubmitArgs } from "./jobSubmitArgs";
import { pushIdentity } from "./pushServiceAccount";

/** Arguments of a `WorkloadIdentityFederation`. */
export interface WorkloadIdentityFederationArgs extends JobSubmitArgs {
  /**
   * Who may submit without a key.
   * @example federation: { github: { repository: "acme/etl", branch: "main" } }
   */
  federation: FederationArgs;
  /**
   * E-mail of an existing service account that submits. By default a new one.
   * @example serviceAccount: "submitter@acme-data.iam.gserviceaccount.com"
   */
  serviceAccount?: pulumi.Input<string>;
  /**
   * Id of the workload identity pool. By default generated. Google keeps the id of a deleted pool for 30 days.
   * @example poolId: "etl-submitters"
   */
  poolId?: string;
  /**
   * Base URLs of Google's token services by name: sts, iamcredentials. By default those of Google.
   * @example endpoints: { sts: "https://sts.example.internal" }
   */
  endpoints?: Record<string, pulumi.Input<string>>;
}

const WORKLOAD_IDENTITY_FEDERATION_ARGUMENTS: ArgumentNames<WorkloadIdentityFederationArgs> = {
  ...JOB_SUBMIT_ARGUMENTS,
  federation: "required",
  serviceAccount: "optional",
  poolId: "optional",
  endpoints: "optional",
};

/**
 * The service account that submits runs, without a key. It has a workload identity pool, and a provider with a condition. Google trusts the
 * identity tokens of those that federation names, and lets them act only as this account.
 *
 * ```ts
 * const push = new WorkloadIdentityFederation("etl-push", {
 *   federation: { github: { repository: "acme/etl", branch: "main" } },
 *   runtimeServiceAccount: runtime.email,
 * });
 * const block = new GcpCredentialsBlock("etl", { federation: push.federation, keyCreatedAt: push.createdAt });
 * ```
 */
export class WorkloadIdentityFederation extends pulumi.ComponentResource {
  /**
   * E-mail of the account.
   */
  readonly email: pulumi.Output<string>;
  /**
   * The value for a GcpCredentialsBlock. It contains no secret.
   */
  readonly federation: AnyJson;
  /**
   * When the trust was created, as ISO 8601. Absent if only logins may submit.
   */
  readonly createdAt: pulumi.Output<string> | undefined;

  constructor(name: string, args: WorkloadIdentityFederationArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("WorkloadIdentityFederation", name, args, WORKLOAD_IDENTITY_FEDERATION_ARGUMENTS);
    const project = placeOf("project", args.project, of);
    const trust = googleTrust("federation", args.federation, of);
    checkAccount("serviceAccount", args.serviceAccount, project, of);
    checkAccount("runtimeServiceAccount", args.runtimeServiceAccount, project, of);
    checkChoice("permissions", args.permissions, Permissions, of);
    if (args.poolId !== undefined && !/^(?!gcp-)[a-z0-9-]{4,32}$/.test(args.poolId))
      refuse(`poolId "${args.poolId}" must have 4 to 32 lowercase letters, digits and hyphens, and not begin with gcp-`, of);
    super("pushpool:index:WorkloadIdentityFederation", name, args, opts);
    const made = federatedAccount(name, { ...args, project, trust }, partOf(this, opts));
    this.email = made.email;
    this.federation = made.federation;
    this.createdAt = made.createdAt;
    this.registerOutputs({ email: this.email, federation: this.federation, createdAt: this.createdAt });
  }
}

/** The longest subject that Google accepts, in bytes (https://cloud.google.com/iam/docs/workload-identity-federation#mapping). */
const MAX_SUBJECT = 127;

/** @throws {pulumi.ResourceError} with the field and the fix */
export function googleTrust(at: string, federation: FederationArgs, of: Declared): Trust {
  const trust = trustOf(at, federation, of);
  checkMembers(`${at}.logins`, trust.logins, of);
  const long = trust.subjects.find((subject) => Buffer.byteLength(subject) > MAX_SUBJECT);
  if (long !== undefined)
    refuse(`${at}: Google accepts subjects of at most ${MAX_SUBJECT} bytes, and "${long}" has ${Buffer.byteLength(long)}`, of);
  return trust;
}

/** What {@link federatedAccount} needs. */
interface FederatedAccount extends Omit<WorkloadIdentityFederationArgs, "federation"> {
  project: pulumi.Input<string>;
  trust: Trust;
}

/** Make the resources of {@link WorkloadIdentityFederation}, for a pool that does not create the component. */
export function federatedAccount(
  name: string,
  { project, trust, poolId, endpoints = {}, ...rest }: FederatedAccount,
  options: pulumi.CustomResourceOptions,
): Pick<WorkloadIdentityFederation, "email" | "federation" | "createdAt"> {
  const { account, email, allowed } = pushIdentity(name, { ...rest, project }, inPlaceOf("PushServiceAccount", name, options));
  const serviceAccountId = pulumi.interpolate`projects/${project}/serviceAccounts/${email}`;
  const grant = (part: string, role: string, member: pulumi.Input<string>) =>
    new IAMMember(`${name}-${part}`, { serviceAccountId, role, member }, options);
  trust.logins.forEach((login, index) => {
    grant(`login-${index}`, "roles/iam.serviceAccountTokenCreator", login);
  });
  const acting = { actsAs: email };
  if (trust.subjects.length === 0) return { email, federation: federationOf(trust, { audience: "", ...acting }), createdAt: undefined };

  // A deleted pool's id stays taken for 30 days, so the default contains a number that is new with each new account.
  const id = poolId ?? (account ? account.uniqueId.apply((unique) => poolIdFrom(name, unique ?? "")) : physicalName(name, 32));
  // Google shows no time of creation. The first description stays.
  const description = `Made ${new Date().toISOString()} for those who submit runs: ${name}`.slice(0, 256);
  const pool = new WorkloadIdentityPool(
    `${name}-pool`,
    { project, workloadIdentityPoolId: id, displayName: name.slice(0, 32), description },
    { ...options, ignoreChanges: ["description"], dependsOn: allowed },
  );
  const provider = new WorkloadIdentityPoolProvider(
    `${name}-provider`,
    {
      project,
      workloadIdentityPoolId: pool.workloadIdentityPoolId,
      workloadIdentityPoolProviderId: "submitters",
      attributeMapping: {
        "google.subject": "assertion.sub",
        ...Object.fromEntries(Object.keys(trust.claims).map((claim) => [`attribute.${claim}`, `assertion.${claim}`])),
      },
      attributeCondition: conditionOf(trust),
      oidc: { issuerUri: trust.issuer, ...(trust.audience === undefined ? {} : { allowedAudiences: [trust.audience] }) },
    },
    { ...options, deletedWith: pool },
  );
  membersOf(trust).forEach((member, index) => {
    grant(
      `trusted-${index}`,
      "roles/iam.workloadIdentityUser",
      pulumi.interpolate`${member.kind}://iam.googleapis.com/${pool.name}/${member.rest}`,
    );
  });
  const { sts = "https://sts.googleapis.com", iamcredentials = "https://iamcredentials.googleapis.com" } = endpoints;
  const audience = pulumi.interpolate`//iam.googleapis.com/${provider.name}`;
  const externalAccount = {
    type: "external_account",
    audience,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: pulumi.interpolate`${sts}/v1/token`,
    service_account_impersonation_url: pulumi.interpolate`${iamcredentials}/v1/projects/-/serviceAccounts/${email}:generateAccessToken`,
  };
  return {
    email,
    federation: federationOf(trust, { audience: trust.audience ?? pulumi.interpolate`https:${audience}`, ...acting, externalAccount }),
    createdAt: pool.description.apply((text) => /\d{4}-[\d:T.-]+Z/.exec(text ?? "")?.[0] ?? ""),
  };
}

/** 4 to 32 characters. */
function poolIdFrom(name: string, unique: string): string {
  const words = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^gcp-/, "")
    .slice(0, 20);
  return `${words}-${unique.slice(-10)}`;
}

/** The condition of the provider, in Google's expression language: Google's advice for issuers that anyone can use. */
function conditionOf({ subjects, claims }: Trust): string {
  const asked = Object.entries(claims).map(([claim, value]) => `assertion.${claim} == '${value}'`);
  if (asked.length > 0) return asked.join(" && ");
  return subjects.map((subject) => `assertion.sub == '${subject}'`).join(" || ");
}

/** Those who may act as the account, as IAM names them, after the name of the workload identity pool. */
function membersOf({ subjects, claims }: Trust): { kind: "principal" | "principalSet"; rest: string }[] {
  const sets = Object.entries(claims).map(([claim, value]) => ({ kind: "principalSet" as const, rest: `attribute.${claim}/${value}` }));
  return sets.length > 0 ? sets : subjects.map((subject) => ({ kind: "principal" as const, rest: `subject/${subject}` }));
}
