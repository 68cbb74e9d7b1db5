import { IAMCustomRole, IAMMember as ProjectMember } from "@pulumi/gcp/projects";
import { IAMMember as AccountMember } from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, checkChoice, declared, partOf } from "../checks";
import { physicalName } from "../physicalName";
import { Permissions } from "../submitting";
import { checkAccount, checkMembers, placeOf } from "./gcpChecks";
import { JOB_SUBMIT_ARGUMENTS, type JobSubmitArgs } from "./jobSubmitArgs";
import { leastPrivilege } from "./leastPrivilege";

/** Arguments of a `SubmitAccess`. */
export interface SubmitAccessArgs extends JobSubmitArgs {
  /**
   * Who may submit, in the format of IAM.
   * @example members: ["group:data@acme.com"]
   */
  members: pulumi.Input<string>[];
}

const SUBMIT_ACCESS_ARGUMENTS: ArgumentNames<SubmitAccessArgs> = {
  ...JOB_SUBMIT_ARGUMENTS,
  members: "required",
};

/**
 * Allows others to submit runs to Cloud Run: a role in the project, and Service Account User only on the account of runs. Prefect's guide
 * grants Service Account User on the whole project; whoever has that can act as every account in it.
 *
 * ```ts
 * new SubmitAccess("data", { members: ["group:data@acme.com"], runtimeServiceAccount: runtime.email });
 * ```
 */
export class SubmitAccess extends pulumi.ComponentResource {
  constructor(name: string, args: SubmitAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("SubmitAccess", name, args, SUBMIT_ACCESS_ARGUMENTS);
    const project = placeOf("project", args.project, of);
    checkChoice("permissions", args.permissions, Permissions, of);
    checkAccount("runtimeServiceAccount", args.runtimeServiceAccount, project, of);
    checkMembers("members", args.members, of);
    super("pushpool:index:SubmitAccess", name, args, opts);
    letSubmit(name, { ...args, project }, partOf(this, opts));
    this.registerOutputs({});
  }
}

/**
 * Make the resources of {@link SubmitAccess}, for a caller that does not create the component.
 * @returns the resources that must exist before the members can submit
 */
export function letSubmit(
  name: string,
  { members, project, permissions, logAccess = true, runtimeServiceAccount }: SubmitAccessArgs & { project: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const serviceAccountId = pulumi.interpolate`projects/${project}/serviceAccounts/${runtimeServiceAccount}`;
  const roles = permissions === Permissions.LeastPrivilege ? [customRole()] : documentedRoles(logAccess);
  return members.flatMap((member, index) => {
    const of = members.length === 1 ? name : `${name}-${index}`;
    return [
      ...roles.map(([part, role]) => new ProjectMember(`${of}-${part}`, { project, role, member }, options)),
      new AccountMember(`${of}-act-as`, { serviceAccountId, role: "roles/iam.serviceAccountUser", member }, options),
    ];
  });

  function customRole(): [string, pulumi.Input<string>] {
    const needed = leastPrivilege({ logAccess });
    const role = new IAMCustomRole(
      `${name}-role`,
      {
        project,
        roleId: physicalName(name, 64, "_"),
        title: `Submit runs: ${name}`.slice(0, 100),
        description: "What submitting flow runs to Cloud Run takes, and no more",
        permissions: needed.map(({ permission }) => permission),
      },
      options,
    );
    return ["submitter", role.name];
  }
}

function documentedRoles(logAccess: boolean): [string, string][] {
  const developer: [string, string] = ["developer", "roles/run.developer"];
  return logAccess ? [developer, ["logs", "roles/logging.viewer"]] : [developer];
}
