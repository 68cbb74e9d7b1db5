import type { PoolType } from "../model/poolType";

/** The longest argument or variable in Linux, its NUL included (MAX_ARG_STRLEN, 32 pages). */
export const MAX_STRING = 128 * 1024;
/** Cloud Run's limits: bytes of a variable's value, characters of its name (k8s.min.proto). */
export const MAX_VARIABLE = 32_768;
/** The largest task definition in Amazon ECS, in bytes. */
export const MAX_DEFINITION = 64 * 1024;

/** The largest JSON of a run's parameters, in bytes, whatever else the run has. A run itself is checked against all limits of its place. */
export const MAX_PARAMETERS: Partial<Record<PoolType, { bytes: number; taker: string }>> = {
  "process:push": { bytes: MAX_STRING - "PUSHPOOL_PARAMETERS=".length - 1, taker: "a variable of a process" },
  "cloud-run-v2:push": { bytes: MAX_VARIABLE, taker: "a variable on Cloud Run" },
  "ecs:push": { bytes: MAX_DEFINITION, taker: "a task definition of Amazon ECS" },
  "azure-container-instance:push": { bytes: MAX_STRING - "PUSHPOOL_PARAMETERS=".length - 1, taker: "a variable of a container" },
};
