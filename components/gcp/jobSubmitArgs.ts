import type * as pulumi from "@pulumi/pulumi";
import type { ArgumentNames } from "../checks";
import type { Permissions } from "../submitting";

/** Arguments of every component that allows somebody to submit runs to Cloud Run: the runs, and the permissions for them. */
export interface JobSubmitArgs {
  /**
   * E-mail of the service account of runs. Those who submit may start code only as this one.
   * @example runtimeServiceAccount: runtime.email
   */
  runtimeServiceAccount: pulumi.Input<string>;
  /**
   * Project of the runs, and of a new service account. By default the provider's (`gcp:project`).
   * @example project: "acme-data"
   */
  project?: pulumi.Input<string>;
  /**
   * The permissions in the project of those who submit. By default documented: Cloud Run Developer, as in Prefect's guide.
   * @example permissions: Permissions.LeastPrivilege
   */
  permissions?: Permissions;
  /**
   * Whether those who submit may read the project's logs. Without that, pushpool cannot show the output of a run. By default they may. Cloud
   * Run Developer alone, as in Prefect's guide, does not include it.
   * @example logAccess: false
   */
  logAccess?: boolean;
}

/** The names for `declared`. */
export const JOB_SUBMIT_ARGUMENTS: ArgumentNames<JobSubmitArgs> = {
  runtimeServiceAccount: "required",
  project: "optional",
  permissions: "optional",
  logAccess: "optional",
};
