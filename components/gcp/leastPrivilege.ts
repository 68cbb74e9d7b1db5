/** A permission, and what of submitting runs needs it. */
export interface NeededPermission {
  permission: string;
  reason: string;
}

/**
 * What submitting, following and stopping runs takes of a project, and no more. Acting as the runs' service account is not among it: that
 * is given on that account alone.
 *
 * Cloud Run takes no condition on a Job's name or labels (https://cloud.google.com/iam/docs/conditions-resource-attributes), so these hold for
 * the whole project. Stacks that must not reach each other's Jobs need a project each. Secrets of Secret Manager stay apart all the same.
 */
export function leastPrivilege({ logAccess }: { logAccess: boolean }): NeededPermission[] {
  const needed: NeededPermission[] = [
    { permission: "run.jobs.create", reason: "a deployment's first run makes its Job" },
    { permission: "run.jobs.get", reason: "a Job is waited for until it is ready" },
    {
      permission: "run.jobs.delete",
      reason:
        "a Job that cannot be got ready goes, as does one that no run uses any more; with Prefect's own dispatcher each goes with its run",
    },
    { permission: "run.jobs.list", reason: "Jobs that no run uses any more are looked for, and all of them before the stack goes" },
    { permission: "run.jobs.run", reason: "a run is an execution of its Job" },
    { permission: "run.jobs.runWithOverrides", reason: "each run brings its own parameters" },
    { permission: "run.executions.list", reason: "runs are followed together, and one whose start is in doubt is looked for" },
    { permission: "run.executions.get", reason: "a run that is not in the list any more is asked for by its name" },
    { permission: "run.executions.cancel", reason: "a run can be cancelled" },
    { permission: "run.tasks.list", reason: "the exit code of a run stands in its task" },
  ];
  return logAccess
    ? [...needed, { permission: "logging.logEntries.list", reason: "the run's log lines are shown, live and later" }]
    : needed;
}
