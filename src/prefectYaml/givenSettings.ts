import type { JsonObject } from "../json";
import type { DeploymentConfig } from "./model";
import { legacyOf } from "./schedules";

/**
 * Which settings of a deployment the file gives. A setting that it does not give keeps its value on the server. A key with `null` gives no value;
 * an empty list or mapping gives an empty value.
 */
export interface GivenSettings {
  tags: boolean;
  parameters: boolean;
  jobVariables: boolean;
  enforceParameterSchema: boolean;
  concurrencyLimit: boolean;
  sla: boolean;
  /** For each schedule. `null`: the file gives no schedules. */
  schedules: { active: boolean; parameters: boolean }[] | null;
}

/** Whether a value is given, even an empty one. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Which settings the file gives for a deployment. */
export function saidBy(config: DeploymentConfig): GivenSettings {
  const legacy = legacyOf(config);
  const schedules = (legacy ? [legacy] : config.schedules) as JsonObject[] | null | undefined;
  return {
    tags: isGiven(config.tags),
    parameters: isGiven(config.parameters),
    jobVariables: isGiven(config.work_pool?.job_variables),
    enforceParameterSchema: isGiven(config.enforce_parameter_schema),
    concurrencyLimit: isGiven(config.concurrency_limit),
    sla: isGiven(config.sla),
    schedules: schedules?.map(({ active, parameters }) => ({ active: isGiven(active), parameters: isGiven(parameters) })) ?? null,
  };
}
