/** Prefect's pool types that pushpool runs; only `process:push` is pushpool's own. */
export type PoolType = "process:push" | "cloud-run-v2:push" | "ecs:push" | "azure-container-instance:push";
