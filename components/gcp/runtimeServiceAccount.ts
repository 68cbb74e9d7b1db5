import { IAMMember } from "@pulumi/gcp/projects";
import { Account } from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, partOf } from "../checks";
import { physicalName } from "../physicalName";
import { checkAccountId, placeOf } from "./gcpChecks";

/** Arguments of a `RuntimeServiceAccount`. */
export interface RuntimeServiceAccountArgs {
  /**
   * Project of the account. By default the provider's (`gcp:project`).
   * @example project: "acme-data"
   */
  project?: pulumi.Input<string>;
  /**
   * The account's id, the part of its e-mail before the at sign. By default generated from the component's name.
   * @example accountId: "etl-runs"
   */
  accountId?: string;
  /**
   * Roles in the project that flows need. By default none: running and logging need no role.
   * @example roles: ["roles/bigquery.jobUser"]
   */
  roles?: string[];
}

const RUNTIME_SERVICE_ACCOUNT_ARGUMENTS: ArgumentNames<RuntimeServiceAccountArgs> = {
  project: "optional",
  accountId: "optional",
  roles: "optional",
};

/**
 * The service account of flow runs. Without it, runs use the project's default compute account, which may change nearly everything in many
 * projects.
 *
 * ```ts
 * const runtime = new RuntimeServiceAccount("etl-runtime", { roles: ["roles/bigquery.jobUser"] });
 * ```
 */
export class RuntimeServiceAccount extends pulumi.ComponentResource {
  /**
   * E-mail of the account.
   */
  readonly email: pulumi.Output<string>;

  constructor(name: string, args: RuntimeServiceAccountArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("RuntimeServiceAccount", name, args, RUNTIME_SERVICE_ACCOUNT_ARGUMENTS);
    const { accountId = physicalName(name, 30), roles = [] } = args;
    const project = placeOf("project", args.project, of);
    checkAccountId("accountId", accountId, of);
    super("pushpool:index:RuntimeServiceAccount", name, args, opts);
    const options = partOf(this, opts);

    const account = runtimeAccount(name, { project, accountId }, options);
    for (const role of roles) new IAMMember(`${name}-${role.replace(/^roles\//, "")}`, { project, role, member: account.member }, options);

    this.email = account.email;
    this.registerOutputs({ email: this.email });
  }
}

/** Make the account of {@link RuntimeServiceAccount}, for a pool that does not create the component. */
export function runtimeAccount(
  name: string,
  { project, accountId = physicalName(name, 30) }: { project: pulumi.Input<string>; accountId?: string },
  options: pulumi.CustomResourceOptions,
): Account {
  const displayName = `Flow runs act as this: ${name}`.slice(0, 100);
  return new Account(`${name}-account`, { project, accountId, displayName }, options);
}
