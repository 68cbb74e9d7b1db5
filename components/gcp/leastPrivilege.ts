/** A permission, and why a submission needs it. */
export interface NeededPermission {
  permission: string;
  reason: string;
}

/**
 * The permissions that submitting, following and stopping runs needs in a project, and no others. The permission to act as the service
 * account of runs is missing here, because it is granted on that account only.
 *
 * Cloud Run has no condition on the name or labels of a job (https://cloud.google.com/iam/docs/conditions-resource-attributes). So these
 * permissions apply to the whole project. Stacks that must not reach each other's jobs need separate projects. Secrets of Secret Manager
 * are separate in any case.
 */
export function leastPrivilege({ logAccess }: { logAccess: boolean }): NeededPermission[] {
  const needed: NeededPermission[] = [
    { permission: "run.jobs.create", reason: "a deployment's first run makes its job" },
    { permission: "run.jobs.get", reason: "waits until a job is ready" },
    {
      permission: "run.jobs.delete",
      reason:
        "deletes a job that does not become ready, or that no run uses any more; Prefect's own dispatcher deletes each job after its run",
    },
    { permission: "run.jobs.list", reason: "finds jobs that no run uses any more, and all of them before the stack is destroyed" },
    { permission: "run.jobs.run", reason: "a run is an execution of its job" },
    { permission: "run.jobs.runWithOverrides", reason: "each run has its own parameters" },
    { permission: "run.executions.list", reason: "watches all runs in one call, and finds a run after a lost reply" },
    { permission: "run.executions.get", reason: "reads a run that is no longer in the list" },
    { permission: "run.executions.cancel", reason: "stops a cancelled run" },
    { permission: "run.tasks.list", reason: "reads the exit code of a run" },
  ];
  return logAccess ? [...needed, { permission: "logging.logEntries.list", reason: "shows the output of a run, live and later" }] : needed;
}
