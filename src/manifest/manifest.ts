import type { Json, JsonObject, Value, ValueObject } from "../json";
import type { Federation } from "../model/federation";
import type { PoolType } from "../model/poolType";

export type { Federation, TokenSource } from "../model/federation";

/** The `kind` that identifies a manifest among the outputs of a stack. */
export const MANIFEST_KIND = "pushpool.dev/manifest";
/** The version that this pushpool writes, and the newest that it reads. */
export const MANIFEST_VERSION = 1;

/** What a Pulumi program provisioned. This is all that passes from the program to a run. Schema: `manifest.schema.json` beside this file. */
export interface Manifest {
  kind: typeof MANIFEST_KIND;
  version: typeof MANIFEST_VERSION;
  source: { project: string; stack: string };
  /** By work pool name. */
  pools: Record<string, PoolDefinition>;
  /** By `<block type slug>/<block document name>`. */
  blocks: Record<string, BlockDefinition>;
  /** The values of `{{ prefect.variables.x }}` without a Prefect API. */
  variables: Record<string, Value>;
  /** By `<flow name>/<deployment name>`. */
  deployments: Record<string, DeploymentInManifest>;
  /** If absent, there is no Prefect API, and `PREFECT_*` in the shell is ignored. */
  prefect?: { apiUrl: string; auth?: Value };
  /** If absent, the ledger is the SQLite file of each home. `url`: `postgres://…`, always secret. `schema` @default "pushpool" */
  ledger?: { url: Value; schema?: string };
}

export interface PoolDefinition {
  type: PoolType;
  /** As in Prefect: an object with `job_configuration` and `variables`. */
  baseJobTemplate: ValueObject;
  /** The key of a block in this manifest. If absent, the caller's own cloud login is used. */
  credentials?: string;
  /** @default false */
  isPaused?: boolean;
  /** The maximum number of concurrent runs in this ledger. @default null: no limit */
  concurrencyLimit?: number | null;
  queues?: Record<string, { priority?: number; concurrencyLimit?: number | null }>;
  /** Base URLs by service name, for private endpoints and emulators. */
  endpoints?: Record<string, string>;
  /** The time limit of a run, in seconds, if the template has none. @default null: no limit */
  timeoutSeconds?: number | null;
  labels?: Record<string, string>;
}

export interface BlockDefinition {
  /** The id of the Prefect block document, once it is registered. */
  id?: string | null;
  /** ISO 8601. While a block is new, authentication errors are retried. */
  createdAt?: string;
  /** The cloud's id of the key in the block, which is not secret. */
  keyId?: string;
  /** How its key changes. Absent: the key stays. */
  rotation?: KeyRotation;
  data: ValueObject;
  /** Who may submit without a key. If absent, the credentials are in `data`, or the caller's own cloud login is used. */
  federation?: Federation;
}

/** How the key of a block changes. Times are ISO 8601. */
export interface KeyRotation {
  everyDays: number;
  overlapDays: number;
  /** Since when the current key is in use. */
  since?: string;
  /** The key before, until its overlap is over. */
  previous?: { keyId: string; createdAt: string };
}

export interface DeploymentInManifest {
  /** `path/file.py:func` or `module.func`. */
  entrypoint?: string;
  /** The command to run. It becomes the `command` job variable unless that is given. */
  command?: string;
  workPool: { name: string; queue?: string; jobVariables?: ValueObject };
  /** Default values of the flow's parameters. */
  parameters?: JsonObject;
  /** JSON Schema of the parameters. */
  parameterSchema?: JsonObject;
  enforceParameterSchema?: boolean;
  /** In the format of Prefect's API. Without a Prefect API, `pushpool serve` fires them. */
  schedules?: Json[];
  /** Prefect's pull steps, which copy the code of the flow to the place of the run. The run fills their placeholders. */
  pullSteps?: JsonObject[];
  description?: string;
  tags?: string[];
  /** The maximum number of its concurrent runs in this ledger. @default null: no limit */
  concurrencyLimit?: number | null;
  /** What happens to a run over the limit. @default ENQUEUE: it waits */
  collisionStrategy?: "ENQUEUE" | "CANCEL_NEW";
}
