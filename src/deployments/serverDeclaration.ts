import type { Json, JsonObject } from "../json";
import type { DeploymentRecord } from "../ledger";
import type { ServerDeployment } from "../prefect/api/deployments";
import { asDeclared, DEPLOYMENT_FIELDS } from "../prefect/declaredDeployment";
import { changedFields } from "../prefect/managedFields";
import { fromServer } from "../prefect/schedules";
import type { DeclaredSchedule } from "../schedules";
import type { ToDeploy } from "./registry";

/** What `deploy` brings to a deployment that is there. */
interface Wanted {
  /** The fields to compare and to send. */
  fields: JsonObject;
  /** Absent where the file does not speak of them. */
  schedules?: DeclaredSchedule[];
  /** Fields of prefect.yaml of which the file says nothing, and which are set on the server. */
  left: string[];
}

/** Fields that are left alone where the file says nothing of them, by their names in prefect.yaml. */
const SILENT: Record<string, string> = {
  description: "description",
  workQueueName: "work_pool.work_queue_name",
  parameters: "parameters",
  jobVariables: "work_pool.job_variables",
  tags: "tags",
  enforceParameterSchema: "enforce_parameter_schema",
  concurrencyLimit: "concurrency_limit",
  concurrencyOptions: "concurrency_limit",
};

/** Every field of a deployment but its schedules, as it is made: what the file does not say gets Prefect's default. */
export function declaration({ name, definition, kept }: DeploymentRecord): JsonObject {
  const { workPool, collisionStrategy, parameterSchema } = definition;
  const grace = kept.gracePeriodSeconds;
  return {
    deploymentName: name,
    description: definition.description ?? null,
    version: kept.version ?? null,
    ...(kept.paused === undefined ? {} : { paused: kept.paused }),
    workPoolName: workPool.name,
    workQueueName: workPool.queue ?? "default",
    entrypoint: definition.entrypoint ?? null,
    path: null,
    pullSteps: definition.pullSteps ?? [],
    parameters: definition.parameters ?? {},
    ...(parameterSchema ? { parameterSchema } : {}),
    enforceParameterSchema: definition.enforceParameterSchema ?? true,
    jobVariables: (workPool.jobVariables ?? {}) as JsonObject,
    tags: definition.tags ?? [],
    concurrencyLimit: definition.concurrencyLimit ?? null,
    concurrencyOptions: collisionStrategy
      ? { collision_strategy: collisionStrategy, ...(grace === undefined ? {} : { grace_period_seconds: grace }) }
      : null,
  };
}

/**
 * What of a deployment that is there is compared and sent: only what the file says, or its code (name, parameters, docstring, version). What the file said when this
 * workspace deployed it last, and says no longer, goes back to Prefect's default, unless someone has changed it on the server since. A pause and
 * schedules stay.
 *
 * `prefect deploy` (3.8) empties more: without `tags`, `parameters`, `job_variables`, `concurrency_limit`, `work_queue_name` and `paused` in the file it resets
 * those on the server.
 * @param before as this workspace deployed it last
 */
export function wantedOf(record: ToDeploy, there: ServerDeployment, before: DeploymentRecord | undefined): Wanted {
  const { said, definition } = record;
  const all = declaration(record);
  const silent: Record<string, boolean> = {
    description: definition.description === undefined,
    workQueueName: definition.workPool.queue === undefined && there.work_pool_name === definition.workPool.name,
    parameters: !said.parameters,
    jobVariables: !said.jobVariables,
    tags: !said.tags,
    enforceParameterSchema: !said.enforceParameterSchema,
    concurrencyLimit: !said.concurrencyLimit,
    concurrencyOptions: !said.concurrencyLimit,
  };
  const { path: _, version, ...fields } = all;
  if (version !== null) fields.version = version as Json;
  const last = before ? declaration(before) : {};
  const left = new Set<string>();
  for (const [field, name] of Object.entries(SILENT)) {
    if (!silent[field] || isSame(field, all[field] as Json, there)) {
      if (silent[field]) delete fields[field];
      continue;
    }
    // All that a silent field can be in `all` is Prefect's default.
    if (last[field] !== undefined && isSame(field, last[field], there)) continue;
    delete fields[field];
    left.add(name);
  }
  const schedules = saidSchedules(record);
  return { fields, ...(schedules ? { schedules } : {}), left: [...left] };
}

/** The schedules with what the file says of them only; absent where it does not speak of schedules. */
function saidSchedules({ definition, said }: ToDeploy): DeclaredSchedule[] | undefined {
  if (said.schedules === null) return undefined;
  return keptSchedules(definition).map(({ schedule, active, parameters, slug, replaces }, index) => ({
    schedule,
    ...(said.schedules?.[index]?.active ? { active } : {}),
    ...(said.schedules?.[index]?.parameters ? { parameters } : {}),
    ...(typeof slug === "string" ? { slug } : {}),
    ...(typeof replaces === "string" ? { replaces } : {}),
  }));
}

/** The schedules of a deployment that is made, whole. */
export function wholeSchedules({ definition }: DeploymentRecord): DeclaredSchedule[] | undefined {
  return definition.schedules && keptSchedules(definition).map(fromServer);
}

/** The ledger keeps schedules in the API's form. */
function keptSchedules({ schedules = [] }: DeploymentRecord["definition"]) {
  return schedules as unknown as (Required<Omit<DeclaredSchedule, "replaces">> & { replaces?: string })[];
}

function isSame(field: string, value: Json, there: ServerDeployment): boolean {
  const one = { [field]: value };
  return (
    changedFields({ [field]: DEPLOYMENT_FIELDS[field] as (typeof DEPLOYMENT_FIELDS)[string] }, asDeclared(one, there), one).length === 0
  );
}
