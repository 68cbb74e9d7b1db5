import { isJsonObject, type JsonObject } from "../json";
import type { DeploymentInManifest, PoolDefinition } from "../manifest/manifest";
import { nameFault } from "../manifest/nameFaults";
import { few, suggestion } from "../nearest";
import { quoted } from "../shown";
import { TARGET_KINDS } from "../targets/kinds";
import { checkJobVariables, checkParameters, unusedVariables } from "../template";
import { UserError } from "../userError";
import type { GivenSettings } from "./givenSettings";
import type { ResolvedDeployment } from "./resolveDeployment";

/** The facts about a flow that pushpool reads without importing it. */
export interface FlowFacts {
  /** The name that Prefect gives the flow. */
  flowName: string;
  description?: string;
  version?: string;
  /** The version that Prefect gives a deployment by default. */
  fileHash?: string;
  parameterSchema?: JsonObject;
}

/** Where a deployment is made. It is checked against this. */
export interface DeployPlace {
  /** The version that Prefect infers, by `version_type` (`null`: without one); with more than the version to send it as `version_info`. */
  versions?: ReadonlyMap<string | null, (JsonObject & { version: string }) | undefined>;
  /** Work pools by name. */
  pools: Record<string, Pick<PoolDefinition, "baseJobTemplate" | "queues"> & Partial<Pick<PoolDefinition, "type">>>;
  /** The name for the place of the pools in messages: a stack. */
  origin: string;
}

/** A complete deployment, ready to be stored. */
export interface DefinedDeployment {
  /** `<flow name>/<deployment name>` */
  name: string;
  definition: DeploymentInManifest;
  /** Settings that pushpool stores but does not use yet, by their names in prefect.yaml. */
  kept: JsonObject;
  /** Which settings the file gives. */
  said: GivenSettings;
  warnings: string[];
}

/**
 * Complete a deployment with its flow and its work pool, and check it.
 * @param flow the flow of its entrypoint, or why there is none (as the end of a sentence); `undefined` without an entrypoint
 * @param checked what to check instead: before its build steps have run, the deployment without placeholders for their outputs
 * @returns the deployment, or all its errors
 */
export function defineDeployment(
  resolved: ResolvedDeployment,
  flow: FlowFacts | { fault: string } | undefined,
  place: DeployPlace,
  checked: ResolvedDeployment = resolved,
): DefinedDeployment | { problems: string[] } {
  const problems: string[] = [];
  const check = (work: () => void) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message);
    }
  };

  const { workPool, entrypoint, parameters } = resolved;
  const { jobVariables } = checked.workPool;
  const warnings = [...resolved.warnings];
  let flowName = resolved.flowName ?? "";
  if (flow && "fault" in flow) problems.push(`entrypoint: ${flow.fault}`);
  else if (flow) flowName = flow.flowName;
  else if (typeof jobVariables.command !== "string")
    problems.push('entrypoint is missing: name the flow, such as "flows/etl.py:etl", or set command in work_pool.job_variables');
  else if (flowName === "") problems.push("flow_name is missing: a deployment of a command needs it, because it has no entrypoint");
  const nameProblem = flowName === "" ? undefined : nameFault(flowName);
  if (nameProblem !== undefined) problems.push(`the name of the flow ${nameProblem}: ${quoted(flowName)}`);

  const found = flow && !("fault" in flow) ? flow : undefined;
  const schema = found?.parameterSchema;
  // A run can give the missing parameters. So only the given ones are checked, as a Prefect server does.
  if (resolved.enforceParameterSchema)
    for (const [at, given] of parametersIn(checked)) check(() => checkParameters(schema, given, at, { whole: false }));

  const queueProblem = workPool.queue === null ? undefined : nameFault(workPool.queue);
  if (queueProblem !== undefined) problems.push(`work_pool.work_queue_name ${queueProblem}: ${quoted(workPool.queue)}`);

  const pool = poolOf(workPool.name, place);
  if (typeof pool === "string") problems.push(pool);
  else {
    for (const [at, given] of parametersIn(checked)) check(() => checkSize(given, at, pool.type));
    check(() => checkJobVariables(pool.baseJobTemplate, jobVariables, "work_pool.job_variables", "pass"));
    for (const [index, { job_variables: own }] of checked.triggers.entries())
      if (isJsonObject(own)) check(() => checkJobVariables(pool.baseJobTemplate, own, `triggers[${index}].job_variables`, "pass"));
    warnings.push(...unusedVariables(String(workPool.name), pool.baseJobTemplate, jobVariables));
    if (workPool.queue !== null && workPool.queue !== "default" && !pool.queues?.[workPool.queue])
      warnings.push(`work pool "${workPool.name}" declares no queue "${workPool.queue}": the queue has no limits`);
  }
  if (problems.length > 0) return { problems };

  // As in Prefect, it wins over the version of the flow.
  const inferred = place.versions?.get(resolved.versionType);
  const version = resolved.version ?? inferred?.version ?? found?.version ?? found?.fileHash ?? null;
  const kept = present({
    version,
    versionInfo: inferred?.type ? { ...inferred, version: version ?? "" } : null,
    paused: resolved.paused,
    build: orNull(resolved.build),
    push: orNull(resolved.push),
    triggers: orNull(resolved.triggers),
    sla: orNull(resolved.sla),
    gracePeriodSeconds: resolved.concurrencyOptions?.gracePeriodSeconds ?? null,
  });
  const definition = present({
    entrypoint,
    workPool: present({ name: workPool.name, queue: workPool.queue, jobVariables: orNull(workPool.jobVariables) }),
    parameters: orNull(parameters),
    parameterSchema: schema ?? null,
    enforceParameterSchema: resolved.enforceParameterSchema ? null : false,
    schedules: orNull(resolved.schedules),
    description: resolved.description ?? found?.description ?? null,
    tags: orNull(resolved.tags),
    concurrencyLimit: resolved.concurrencyLimit,
    collisionStrategy: resolved.concurrencyOptions?.collisionStrategy ?? null,
    pullSteps: entrypoint === null ? null : orNull(resolved.pullSteps),
  }) as unknown as DeploymentInManifest;
  return { name: `${flowName}/${resolved.name}`, definition, kept, said: resolved.said, warnings };
}

/** All sets of parameters that runs of the deployment can get: its own, and those of its schedules. */
function parametersIn({ parameters, schedules }: ResolvedDeployment): [at: string, parameters: JsonObject][] {
  const own = schedules.map(({ parameters: over }, index): [string, JsonObject] => [
    `schedules[${index}].parameters`,
    { ...parameters, ...(isJsonObject(over) ? over : {}) },
  ]);
  return [["parameters", parameters], ...own];
}

/** @throws {UserError} if the parameters are too large for runs on a pool of this type */
function checkSize(parameters: JsonObject, at: string, type: PoolDefinition["type"] | undefined): void {
  const limit = type === undefined ? undefined : TARGET_KINDS[type]?.maxParameters;
  const size = Buffer.byteLength(JSON.stringify(parameters));
  if (limit === undefined || size <= limit.bytes) return;
  throw new UserError(
    `${at}: as JSON they are ${size} bytes, and ${limit.taker} accepts at most ${limit.bytes}: pass large data in a file`,
  );
}

function poolOf(name: string | null, { pools, origin }: DeployPlace): DeployPlace["pools"][string] | string {
  const names = Object.keys(pools);
  if (name === null)
    return `work_pool.name is missing: name the work pool for its runs${names.length > 0 ? `; ${origin} has ${few(names)}` : ""}`;
  if (Object.hasOwn(pools, name)) return pools[name] as DeployPlace["pools"][string];
  const hint = suggestion(name, names) || "it has none";
  return `work_pool.name: there is no work pool "${name}" in ${origin}: ${hint}. To make it, declare it in the Pulumi program and run \`pushpool up\``;
}

type Present = JsonObject | JsonObject[] | string[] | string | number | boolean | null;

function present(fields: Record<string, Present>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as JsonObject;
}

/** An empty list or object counts as absent. */
function orNull<T extends object>(value: T): T | null {
  return Object.keys(value).length > 0 ? value : null;
}
