import type { Json, JsonObject } from "./json";

export interface PoolVariable {
  name: string;
  /** Of the pool's template, or null. */
  title: string | null;
  description: string | null;
  /** The value without a job variable, as the deployment and the pool set it; secrets are `[secret]`. Absent: none. */
  default?: Json;
  /** JSON schema of its value. */
  schema: JsonObject;
  /** The deployment's own value; absent: it sets none. */
  ofDeployment?: Json;
}

export interface PoolRow {
  name: string;
  /** Such as `ecs:push`. */
  type: string;
  region: string | null;
  network: string | null;
  paused: boolean;
  /** Where it is paused, such as `in the program (paused: true of work pool batch)`; absent if it is not. */
  pausedBy?: string;
  /** Whether the page can pause and resume it. */
  pausable: boolean;
  /** `limit` null: none. */
  slots: { used: number; limit: number | null };
  queues: QueueRow[];
  credentials: PoolCredentials | null;
  /** The last refusal of its cloud, with the fix; absent after the next success. */
  lastError?: { at: string; message: string };
  /** The work pool on Prefect's own pages. */
  prefectUrl?: string;
  /** Why its facts are incomplete. */
  error?: string;
}

export interface QueueRow {
  name: string;
  /** Lower is earlier. Absent: the ledger has none. */
  priority?: number;
  paused: boolean;
  used: number;
  limit: number | null;
}

/** How a pool signs in. */
export interface PoolCredentials {
  /** Such as `AwsCredentials`, or `ambient`: whatever this machine's environment has. */
  kind: string;
  /** The credentials block, if there is one. */
  block?: string;
  /** When they were created, if pushpool knows. */
  createdAt?: string;
  /** Their age in seconds. */
  age?: number;
}

export interface PoolList {
  pools: PoolRow[];
  notice?: string;
}

export interface PoolAnswer {
  pool: PoolRow;
}
