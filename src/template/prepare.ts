import type { JsonObject, Value, ValueObject } from "../json";
import { fill } from "./fill";
import { isTruthy } from "./merge";
import { isObject } from "./paths";

/** The run that a validated job configuration is completed for. Ids are UUIDs; what has none in this place is left out. */
export interface PrepareContext {
  /** Whether there is a Prefect API. With one the flow run's process asks it, led there by `PREFECT__…` variables; without one they would send it looking. */
  prefect: boolean;
  flowRun: { id: string; name: string; parameters?: JsonObject; tags?: string[] };
  flow?: { id?: string; name: string };
  /** `updated`: ISO 8601. */
  deployment?: { id?: string; name: string; updated?: string };
  workPool?: { id?: string; name: string };
  /** Whoever submits. */
  worker?: { id: string; name: string };
  /** The `PREFECT_…` settings that the dispatcher hands on. @default none */
  prefectEnv?: Record<string, string>;
  /** @default with a Prefect API `prefect flow-run execute`, else none */
  defaultCommand?: string;
  /** Prefect's version, for its label. @default no such label */
  version?: string;
  /** For `{{ $NAME }}` in a name. @default nothing is set */
  env?: Record<string, string | undefined>;
}

/**
 * What Prefect does last before it submits (`BaseJobConfiguration.prepare_for_flow_run`): attribution in env and labels, below the
 * user's own; a name with `{{ ctx.flow.… }}` and `{{ ctx.flow_run.… }}` filled; `null` in env unsets; name and command by default.
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

/** A sole placeholder that names nothing stays as it stands; inside a text it becomes nothing. */
function filledName(name: Value, { flowRun, flow, deployment, env = {} }: PrepareContext): Value {
  const run = { parameters: {}, ...flowRun, flow_id: flow?.id, deployment_id: deployment?.id };
  const values = { ctx: { flow: present({ ...flow }), flow_run: present(run) } };
  return fill(name, { values, env }, "job_configuration.name") ?? name;
}

/** `datetime.isoformat()` in UTC: microseconds where there are any, `+00:00` for Z. */
function pythonIsoFormat(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  // JavaScript's own clock stops at milliseconds.
  const [, digits = ""] = /:\d\d[.,](\d+)/.exec(time) ?? [];
  const micros = digits.padEnd(6, "0").slice(0, 6);
  return `${at.toISOString().slice(0, 19)}${micros === "000000" ? "" : `.${micros}`}+00:00`;
}

function present<T>(values: Record<string, T | undefined>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined));
}
