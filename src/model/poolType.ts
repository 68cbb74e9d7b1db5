/** Prefect's pool types that pushpool runs, one for each target; only `process:push` is pushpool's own. The manifest's schema has the same. */
export const POOL_TYPES = ["process:push", "cloud-run-v2:push", "ecs:push", "azure-container-instance:push"] as const;

export type PoolType = (typeof POOL_TYPES)[number];
