import type { JsonObject, Value, ValueObject } from "../json";
import { fill } from "./fill";
import { isTruthy } from "./merge";
import { isObject } from "./paths";

/** The run for which a validated job configuration is completed. Ids are UUIDs; an id that does not exist is left out. */
export interface PrepareContext {
  /**
   * Whether there is a Prefect API. If so, `PREFECT__…` variables make the process of the flow run use it. Without an API these variables
   * must not be set, because the process would look for one.
   */
  prefect: boolean;
  flowRun: { id: string; name: string; parameters?: JsonObject; tags?: string[] };
  flow?: { id?: string; name: string };
  /** `updated`: ISO 8601. */
  deployment?: { id?: string; name: string; updated?: string };
  workPool?: { id?: string; name: string };
  /** The process that submits the run. */
  worker?: { id: string; name: string };
  /** The `PREFECT_…` settings that the dispatcher passes on. @default none */
  prefectEnv?: Record<string, string>;
  /** @default `prefect flow-run execute` with a Prefect API, else none */
  defaultCommand?: string;
  /** Prefect's version, for its label. @default no such label */
  version?: string;
  /** The environment for `{{ $NAME }}` in a name. @default empty */
  env?: Record<string, string | undefined>;
}

/**
 * The last step of Prefect before it submits a run (`BaseJobConfiguration.prepare_for_flow_run`). It adds variables and labels that identify the
 * run; the user's own override them. It fills `{{ ctx.flow.… }}` and `{{ ctx.flow_run.… }}` in the name. It removes variables that are `null`
 * from env, and sets the default name and command.
 */
export function prepareJob(job: ValueObject, context: PrepareContext): ValueObject {
  const env = { ...environment(context), ...(isObject(job.env) ? job.env : {}) };
  const command = context.defaultCommand ?? (context.prefect ? "prefect flow-run execute" : null);
  const name = filledName(job.name ?? null, context);
  return {
    ...job,
    command: isTruthy(job.command) ? (job.command as Value) : command,
    env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== null)),
    labels: { ...labelsOf(context), ...(isObject(job.labels) ? job.labels : {}) },
    name: isTruthy(name) ? name : context.flowRun.name,
  };
}

function environment({ prefect, flowRun, flow, deployment, worker, prefectEnv }: PrepareContext): Record<string, string> {
  if (!prefect) return {};
  return present({
    ...prefectEnv,
    PREFECT__FLOW_RUN_ID: flowRun.id,
    PREFECT__WORKER_ID: worker?.id,
    PREFECT__WORKER_NAME: worker?.name,
    PREFECT__FLOW_ID: flow?.id,
    PREFECT__FLOW_NAME: flow?.name,
    PREFECT__DEPLOYMENT_ID: deployment?.id,
    PREFECT__DEPLOYMENT_NAME: deployment?.name,
  });
}

function labelsOf({ flowRun, flow, deployment, workPool, worker, version }: PrepareContext): Record<string, string> {
  return present({
    "prefect.io/flow-run-id": flowRun.id,
    "prefect.io/flow-run-name": flowRun.name,
    "prefect.io/version": version,
    "prefect.io/work-pool-name": workPool?.name,
    "prefect.io/work-pool-id": workPool?.id,
    "prefect.io/worker-name": worker?.name,
    "prefect.io/flow-id": flow?.id,
    "prefect.io/flow-name": flow?.name,
    "prefect.io/deployment-id": deployment?.id,
    "prefect.io/deployment-name": deployment?.name,
    "prefect.io/deployment-updated": deployment?.updated && pythonIsoFormat(deployment.updated),
  });
}

/** If the whole name is one placeholder without a value, it stays. Inside a longer string such a placeholder becomes empty. */
function filledName(name: Value, { flowRun, flow, deployment, env = {} }: PrepareContext): Value {
  const run = { parameters: {}, ...flowRun, flow_id: flow?.id, deployment_id: deployment?.id };
  const values = { ctx: { flow: present({ ...flow }), flow_run: present(run) } };
  return fill(name, { values, env }, "job_configuration.name") ?? name;
}

/** `datetime.isoformat()` in UTC: microseconds only if they are not zero, and `+00:00` for Z. */
function pythonIsoFormat(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  // A JavaScript Date has only milliseconds.
  const [, digits = ""] = /:\d\d[.,](\d+)/.exec(time) ?? [];
  const micros = digits.padEnd(6, "0").slice(0, 6);
  return `${at.toISOString().slice(0, 19)}${micros === "000000" ? "" : `.${micros}`}+00:00`;
}

function present<T>(values: Record<string, T | undefined>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined));
}
