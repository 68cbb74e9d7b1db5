import { OpenIdConnectProvider, Role } from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, type Declared, declared, partOf, refuse } from "../checks";
import { type FederationArgs, federationOf, type Trust, trustOf } from "../federation";
import { physicalName } from "../physicalName";
import { checkComponentName, checkSubmitAccess, regionOf } from "./awsChecks";
import { letSubmit } from "./taskSubmitAccess";
import { TASK_SUBMIT_ARGUMENTS, type TaskSubmitArgs } from "./taskSubmitArgs";

/** Arguments of a `WebIdentityRole`. */
export interface WebIdentityRoleArgs extends TaskSubmitArgs {
  /**
   * Who may submit without a key.
   * @example federation: { github: { repository: "acme/etl", branch: "main" } }
   */
  federation: FederationArgs;
  /**
   * ARN of the account's OIDC provider for the issuer. By default a new one; an account can have only one for each issuer.
   * @example oidcProviderArn: "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
   */
  oidcProviderArn?: pulumi.Input<string>;
}

const WEB_IDENTITY_ROLE_ARGUMENTS: ArgumentNames<WebIdentityRoleArgs> = {
  ...TASK_SUBMIT_ARGUMENTS,
  federation: "required",
  oidcProviderArn: "optional",
};

/**
 * The IAM role that submits runs, without a key. Its trust policy has conditions on the audience and the subject of identity tokens.
 *
 * ```ts
 * const push = new WebIdentityRole("etl-push", {
 *   federation: { github: { repository: "acme/etl", branch: "main" } },
 *   workPoolName: "etl",
 *   clusterArn: cluster.arn,
 *   executionRoleArn: execution.arn,
 * });
 * const block = new AwsCredentialsBlock("etl", { federation: push.federation, keyCreatedAt: push.createdAt });
 * ```
 */
export class WebIdentityRole extends pulumi.ComponentResource {
  /**
   * ARN of the role.
   */
  readonly arn: pulumi.Output<string>;
  /**
   * The value for an AwsCredentialsBlock. It contains no secret.
   */
  readonly federation: AnyJson;
  /**
   * When the role was created, as ISO 8601.
   */
  readonly createdAt: pulumi.Output<string>;

  constructor(name: string, args: WebIdentityRoleArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("WebIdentityRole", name, args, WEB_IDENTITY_ROLE_ARGUMENTS);
    checkComponentName(name, 50, of);
    checkSubmitAccess(args, of);
    const trust = awsTrust("federation", args.federation, of);
    checkOidcProvider(args.oidcProviderArn, of);
    const region = regionOf(args.region, of);
    super("pushpool:index:WebIdentityRole", name, args, opts);
    const made = federatedRole(name, { ...args, region, trust }, partOf(this, opts));
    this.arn = made.arn;
    this.federation = made.federation;
    this.createdAt = made.createdAt;
    this.registerOutputs({ arn: this.arn, federation: this.federation, createdAt: this.createdAt });
  }
}

/** The audience for which AWS' own action for GitHub asks. */
const AUDIENCE = "sts.amazonaws.com";

/** @throws {pulumi.ResourceError} with the field and the fix */
export function awsTrust(at: string, federation: FederationArgs, of: Declared): Trust {
  const trust = trustOf(at, federation, of);
  trust.logins.forEach((login, index) => {
    if (typeof login === "string" && !/^arn:[^:]+:iam::\d{12}:(user|role)\/[\w+=,.@/-]+$/.test(login))
      refuse(`${at}.logins[${index}] "${login}" must be the ARN of a user or a role, such as arn:aws:iam::123456789012:user/ada`, of);
  });
  return trust;
}

export function checkOidcProvider(arn: unknown, of: Declared): void {
  if (typeof arn === "string" && !/^arn:[^:]+:iam::\d{12}:oidc-provider\/.+$/.test(arn))
    refuse(`oidcProviderArn "${arn}" must be the ARN of an OIDC provider, such as arn:aws:iam::123456789012:oidc-provider/gitlab.com`, of);
}

/** Make the resources of {@link WebIdentityRole}, for a pool that does not create the component. */
export function federatedRole(
  name: string,
  { trust, oidcProviderArn, ...access }: Omit<WebIdentityRoleArgs, "federation"> & { region: pulumi.Input<string>; trust: Trust },
  options: pulumi.CustomResourceOptions,
): Pick<WebIdentityRole, "arn" | "federation" | "createdAt"> {
  const audience = trust.audience ?? AUDIENCE;
  const provider =
    trust.subjects.length === 0
      ? undefined
      : (oidcProviderArn ?? new OpenIdConnectProvider(`${name}-oidc`, { url: trust.issuer, clientIdLists: [audience] }, options).arn);
  const roleName = physicalName(name, 64);
  const role = new Role(
    `${name}-role`,
    {
      name: roleName,
      description: `Submits flow runs: ${name}`,
      assumeRolePolicy: pulumi
        .all([provider ?? "", pulumi.all([...trust.logins])])
        .apply(([federated, logins]) => JSON.stringify(trustPolicy(trust, audience, federated, logins))),
    },
    options,
  );
  letSubmit(`${name}-access`, { ...access, members: [`role/${roleName}`] }, { ...options, dependsOn: [role] });
  return {
    arn: role.arn,
    federation: federationOf(trust, { audience, actsAs: role.arn }),
    createdAt: role.createDate,
  };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html */
function trustPolicy({ issuer, subjects }: Trust, audience: string, federated: string, logins: readonly string[]): object {
  const host = issuer.replace(/^https?:\/\//, "");
  const exact = subjects.every((subject) => !subject.includes("*"));
  const sub = { [`${host}:sub`]: [...subjects] };
  const aud = { [`${host}:aud`]: audience };
  const Condition = exact ? { StringEquals: { ...aud, ...sub } } : { StringEquals: aud, StringLike: sub };
  const byToken = {
    Effect: "Allow",
    Principal: { Federated: federated },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition,
  };
  const byLogin = { Effect: "Allow", Principal: { AWS: [...logins] }, Action: "sts:AssumeRole" };
  return {
    Version: "2012-10-17",
    Statement: [...(subjects.length > 0 ? [byToken] : []), ...(logins.length > 0 ? [byLogin] : [])],
  };
}
