/** The pool types of Prefect that pushpool runs; `process:push` is pushpool's own. */
export type PoolType = "process:push" | "cloud-run-v2:push" | "ecs:push" | "azure-container-instance:push";
