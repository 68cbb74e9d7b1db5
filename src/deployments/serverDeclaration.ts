import type { Json, JsonObject } from "../json";
import type { DeploymentRecord } from "../ledger";
import type { ServerDeployment } from "../prefect/api/deployments";
import { asDeclared, DEPLOYMENT_FIELDS } from "../prefect/declaredDeployment";
import { changedFields } from "../prefect/managedFields";
import { fromServer } from "../prefect/serverSchedules";
import type { DeclaredSchedule } from "../schedules";
import type { ToDeploy } from "./registry";

/** What `deploy` wants to change in an existing deployment. */
interface WantedDeployment {
  /** The fields to compare and to send. */
  fields: JsonObject;
  /** Absent if the file does not set schedules. */
  schedules?: DeclaredSchedule[];
  /** Fields of prefect.yaml that the file does not set but the server has. */
  left: string[];
}

/** Fields to leave alone if the file does not set them, by their names in prefect.yaml. */
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

/** Every field of a new deployment except its schedules. What the file does not set gets Prefect's default. */
export function declaration({ name, definition, kept }: DeploymentRecord): JsonObject {
  const { workPool, collisionStrategy, parameterSchema } = definition;
  const grace = kept.gracePeriodSeconds;
  return {
    deploymentName: name,
    description: definition.description ?? null,
    version: kept.version ?? null,
    ...(kept.versionInfo === undefined ? {} : { versionInfo: kept.versionInfo }),
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
 * What to compare and send for an existing deployment: only the fields that the file sets, or its code (name, parameters, docstring,
 * version). A field that the file no longer sets goes back to Prefect's default, unless someone changed it on the server since this
 * workspace's last deployment. A pause and schedules stay.
 *
 * `prefect deploy` (3.8) resets more on the server. Without them in the file it empties `tags`, `parameters`, `job_variables`,
 * `concurrency_limit`, `work_queue_name` and `paused`.
 * @param before what this workspace deployed last
 */
export function wantedOf(record: ToDeploy, there: ServerDeployment, before: DeploymentRecord | undefined): WantedDeployment {
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
    // A field that the file does not set has Prefect's default in `all`.
    if (last[field] !== undefined && isSame(field, last[field], there)) continue;
    delete fields[field];
    left.add(name);
  }
  const schedules = saidSchedules(record);
  return { fields, ...(schedules ? { schedules } : {}), left: [...left] };
}

/** The schedules with only the fields that the file sets; absent if it sets no schedules. */
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

/** The complete schedules of a new deployment. */
export function wholeSchedules({ definition }: DeploymentRecord): DeclaredSchedule[] | undefined {
  return definition.schedules && keptSchedules(definition).map(fromServer);
}

/** The ledger stores schedules in the API's form. */
function keptSchedules({ schedules = [] }: DeploymentRecord["definition"]) {
  return schedules as unknown as (Required<Omit<DeclaredSchedule, "replaces">> & { replaces?: string })[];
}

function isSame(field: string, value: Json, there: ServerDeployment): boolean {
  const one = { [field]: value };
  return (
    changedFields({ [field]: DEPLOYMENT_FIELDS[field] as (typeof DEPLOYMENT_FIELDS)[string] }, asDeclared(one, there), one).length === 0
  );
}
