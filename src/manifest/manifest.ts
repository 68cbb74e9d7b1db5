import type { Json, JsonObject, Value, ValueObject } from "../json";
import type { PoolType } from "../model/poolType";

/** The `kind` by which a manifest is found among a stack's outputs. */
export const MANIFEST_KIND = "pushpool.dev/manifest";
/** The version this pushpool writes and the newest it reads. */
export const MANIFEST_VERSION = 1;

/** What was provisioned: the only thing that passes from a Pulumi program to a run. Schema: `manifest.schema.json` beside this file. */
export interface Manifest {
  kind: typeof MANIFEST_KIND;
  version: typeof MANIFEST_VERSION;
  source: { project: string; stack: string };
  /** By work pool name. */
  pools: Record<string, PoolDefinition>;
  /** By `<block type slug>/<block document name>`. */
  blocks: Record<string, BlockDefinition>;
  /** For `{{ prefect.variables.x }}` where there is no Prefect API. */
  variables: Record<string, Value>;
  /** By `<flow name>/<deployment name>`. */
  deployments: Record<string, DeploymentDefinition>;
  /** Absent: no Prefect API; `PREFECT_*` in the shell is then ignored. */
  prefect?: { apiUrl: string; auth?: Value };
}

export interface PoolDefinition {
  type: PoolType;
  /** Prefect's envelope: `job_configuration` and `variables`. */
  baseJobTemplate: ValueObject;
  /** Key of a block in this manifest; absent: the caller's own cloud login. */
  credentials?: string;
  /** @default false */
  isPaused?: boolean;
  /** Most runs at a time in this ledger. @default null: no limit */
  concurrencyLimit?: number | null;
  queues?: Record<string, { priority?: number; concurrencyLimit?: number | null }>;
  /** Service name to base URL, for private endpoints and emulators. */
  endpoints?: Record<string, string>;
  /** Time limit of a run, in seconds, where the template has none. @default null: no limit */
  timeoutSeconds?: number | null;
  labels?: Record<string, string>;
}

export interface BlockDefinition {
  /** Id of the Prefect block document, once registered. */
  id?: string | null;
  /** ISO 8601; auth errors are retried while a block is young. */
  createdAt?: string;
  data: ValueObject;
}

export interface DeploymentDefinition {
  /** `path/file.py:func` or `module.func`. */
  entrypoint?: string;
  /** What to run as it is; becomes the `command` job variable unless one is given. */
  command?: string;
  workPool: { name: string; queue?: string; jobVariables?: ValueObject };
  /** Defaults of the flow's parameters. */
  parameters?: JsonObject;
  /** JSON Schema of the parameters. */
  parameterSchema?: JsonObject;
  enforceParameterSchema?: boolean;
  /** In the form of Prefect's API. With no Prefect API `pushpool serve` acts on them. */
  schedules?: Json[];
  /** Prefect's pull steps, which bring the flow's code to where it runs; their placeholders stay for the run to fill in. */
  pullSteps?: JsonObject[];
  description?: string;
  tags?: string[];
  /** Most runs of it at a time in this ledger. @default null: no limit */
  concurrencyLimit?: number | null;
  /** What becomes of a run over the limit. @default ENQUEUE: it waits */
  collisionStrategy?: "ENQUEUE" | "CANCEL_NEW";
}
