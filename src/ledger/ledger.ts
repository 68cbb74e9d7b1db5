import type { JsonObject } from "../json";
import type { DeploymentDefinition } from "../manifest/manifest";
import type { FlowRun, State, StateType } from "../model/flowRun";
import type { PoolType } from "../model/poolType";
import type { SharedNotes } from "../targets/target";

/** A run as it is first written: SCHEDULED, with the exact submission of its first attempt. */
export interface NewRun {
  run: FlowRun;
  poolType: PoolType;
  /** Digest of what was asked for, by which a repeated idempotency key is told from a misused one. */
  requestDigest: string;
  submission: JsonObject;
}

/** What may change of a run, together, in one compare-and-set. A `state` also adds a transition. `null` clears. */
export interface RunChange {
  state?: State;
  startedAt?: string | null;
  endedAt?: string | null;
  infrastructureId?: string | null;
  outcome?: FlowRun["outcome"] | null;
  /** Who is submitting it; see `runs/owner.ts`. */
  owner?: string | null;
  /** What the present attempt left behind was cleaned up. */
  cleanedAt?: string;
  /** Let the key go: the next run that asks by it is a new one. */
  idempotencyKey?: null;
  /** Start another attempt with this submission. `attempt`: its number, where it is further on than the next: others ran elsewhere. */
  nextAttempt?: { submission: JsonObject; attempt?: number };
}

/** What the ledger keeps of a run beside what its user sees. */
export interface RunRecord {
  run: FlowRun;
  poolType: PoolType;
  requestDigest: string;
  owner?: string;
  submission: JsonObject;
  cleanedAt?: string;
}

export interface RunFilter {
  /** `<project>/<stack>`; absent: every stack. */
  stack?: string;
  deployment?: string;
  workPool?: string;
  states?: StateType[];
  /** @default 50 */
  limit?: number;
}

/** A deployment that `pushpool deploy` wrote. */
export interface DeploymentRecord {
  /** `<flow name>/<deployment name>` */
  name: string;
  /** What runs go by. Its job variables and pull steps hold references to secrets, never secrets. */
  definition: DeploymentDefinition;
  /** What the file says beside that and nothing acts on: build and push steps, triggers, and so on, under their names there. */
  kept: JsonObject;
  /** The file it came from: a path. */
  file: string;
  /** ISO 8601, UTC. */
  deployedAt: string;
}

/** How many runs may hold a slot (PENDING, RUNNING, CANCELLING) at a time; `null`: any number. */
export interface SlotLimits {
  pool: number | null;
  queue: number | null;
  deployment: number | null;
}

export type SlotAnswer =
  | { kind: "acquired"; record: RunRecord }
  | { kind: "full"; of: "pool" | "queue" | "deployment"; limit: number }
  | { kind: "changed" };

/**
 * The durable record of runs. Several processes use one at the same time: whatever changes a run names the version it saw,
 * and the ledger refuses if that is no longer the present one.
 *
 * Every method may throw a `UserError` (exit code 5): disk full, locked, damaged, with the ledger's path.
 */
export interface Ledger extends SharedNotes {
  /**
   * Write a new run. If this deployment has seen its idempotency key, or (without a key) the ledger has its id, nothing is written and the
   * earlier run comes back.
   * Every other process sees it at once; it survives a power cut with the next change of any run: taking a slot, at the latest.
   */
  createRun(run: NewRun): Promise<{ record: RunRecord; created: boolean }>;
  /** One run, or `undefined`. */
  read(id: string): Promise<RunRecord | undefined>;
  /** Whether a run is still at a version: cheaper than reading it. */
  isAt(id: string, version: number): Promise<boolean>;
  /** Which of these runs are at another version than the one given, by one question. */
  moved(runs: readonly (readonly [id: string, version: number])[]): Promise<string[]>;
  /** Runs whose id starts with `ref` or whose name is `ref`, newest first, at most `limit`. */
  match(ref: string, limit: number): Promise<RunRecord[]>;
  /** Newest first. */
  list(filter: RunFilter): Promise<RunRecord[]>;
  /** Names of the most recent runs, for suggestions. */
  recentNames(limit: number): Promise<string[]>;
  /** What there are runs of, each once: by the names of stack, work pool and deployment. */
  used(): Promise<{ stack: string; workPool: string; deployment: string }[]>;
  /** Every state a run has had, oldest first. */
  transitions(id: string): Promise<(State & { attempt: number })[]>;
  /**
   * Compare-and-set; `undefined` if the run is no longer at `version`. What it resolves with would survive a power cut.
   * @param durable `soon`: some milliseconds later only, for what looking would show again. Other processes see it at once all the same.
   * @default "now"
   */
  change(id: string, version: number, change: RunChange, durable?: "now" | "soon"): Promise<RunRecord | undefined>;
  /** Take a concurrency slot and enter PENDING, in one step that no other process can come between; as durable as a change. */
  acquireSlot(id: string, version: number, limits: SlotLimits, change: RunChange & { state: State }): Promise<SlotAnswer>;
  /** Deployed ones of a stack, by name; all of them without `names`. */
  deployments(stack: string, names?: readonly string[]): Promise<DeploymentRecord[]>;
  /** Write and remove deployments of a stack, all or none. */
  changeDeployments(stack: string, change: { put?: readonly DeploymentRecord[]; remove?: readonly string[] }): Promise<void>;
  /** The runs that hold a slot in a pool, or one of a deployment's. */
  slotHolders(stack: string, workPool: string, deployment: string): Promise<RunRecord[]>;
  /** May be repeated. */
  close(): void;
}
