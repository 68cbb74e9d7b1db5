import type { JsonObject } from "../json";
import type { DeploymentInManifest } from "../manifest/manifest";
import type { PoolType } from "../model/poolType";
import type { Run, State, StateType } from "../model/run";
import type { SharedNotes } from "../targets/target";

/** A new run: SCHEDULED, with the exact submission of its first attempt. */
export interface NewRun {
  run: Run;
  poolType: PoolType;
  /** Digest of the request. It distinguishes a repeated request from another one with the same idempotency key. */
  requestDigest: string;
  submission: JsonObject;
}

/** What can change in a run, together, in one compare-and-set. A `state` also adds a transition. `null` clears a field. */
export interface RunChange {
  state?: State;
  startedAt?: string | null;
  endedAt?: string | null;
  infrastructureId?: string | null;
  outcome?: Run["outcome"] | null;
  /** Who submits it; see `runs/owner.ts`. */
  owner?: string | null;
  /** The host that it belongs to from now on; see {@link Run.host}. Only on a {@link Ledger.shared} ledger. */
  host?: string | null;
  /** The lease of the process that watches it on its host. Only on a {@link Ledger.shared} ledger. */
  watcher?: string | null;
  /** When the leftovers of the current attempt were cleaned up. */
  cleanedAt?: string;
  /** Release the key: the next request with it gets a new run. */
  idempotencyKey?: null;
  /** Start another attempt with this submission. `attempt`: its number, if other attempts ran elsewhere. @default the next number */
  nextAttempt?: { submission: JsonObject; attempt?: number };
}

/** What the ledger stores about a run, in addition to what users see. */
export interface RunRecord {
  run: Run;
  poolType: PoolType;
  requestDigest: string;
  owner?: string;
  watcher?: string;
  submission: JsonObject;
  cleanedAt?: string;
}

export interface RunFilter {
  /** `<project>/<stack>`; absent: all stacks. */
  stack?: string;
  deployment?: string;
  workPool?: string;
  states?: StateType[];
  /** @default 50 */
  limit?: number;
}

/** Which runs a list shows. All given fields must match. */
export interface RunQuery {
  /** `<project>/<stack>`; absent: all stacks. */
  stack?: string;
  deployment?: string;
  workPool?: string;
  /** Any of these; empty or absent: every state. */
  states?: StateType[];
  tag?: string;
  /** Created at this time or later; ISO 8601, UTC, with milliseconds. */
  since?: string;
  /** Created before this time, in the same form. */
  until?: string;
  /** Part of the name or of the deployment, or the start of the id. The case of ASCII letters does not matter. */
  text?: string;
  /** The id of a run: only it and what stands after it in the list. */
  upTo?: string;
  /** The id of a run: only what stands before it in the list. */
  after?: string;
}

/** A run in a list, without what only its own page shows. */
export interface RunSummary extends Omit<Run, "parameters" | "jobVariables" | "idempotencyKey" | "infrastructureId"> {
  /** A Prefect server owns its states. */
  isOnServer: boolean;
}

/** How many runs of one state were created in one minute. */
export interface MinuteCount {
  /** `2026-01-02T03:04`, UTC. */
  minute: string;
  state: StateType;
  count: number;
}

/** What was sent, or will be, for one attempt of a run. */
export interface StoredAttempt {
  attempt: number;
  submission: JsonObject;
  /** ISO 8601, UTC. */
  storedAt: string;
  infrastructureId?: string;
  /** When its infrastructure was first seen running. */
  startedAt?: string;
}

/** The slots that are taken in one work queue of a work pool. */
export interface SlotsTaken {
  workPool: string;
  workQueue: string;
  count: number;
}

/** A deployment that `pushpool deploy` wrote. */
export interface DeploymentRecord {
  /** `<flow name>/<deployment name>` */
  name: string;
  /** What runs use. Its job variables and pull steps contain references to secrets, never secrets. */
  definition: DeploymentInManifest;
  /** Fields of the file that have no effect: build and push steps, triggers, and so on, by their names there. */
  kept: JsonObject;
  /** The path of its file. */
  file: string;
  /** ISO 8601, UTC. */
  deployedAt: string;
}

/** How many runs may hold a slot (PENDING, RUNNING, CANCELLING) at the same time; `null`: no limit. */
export interface SlotLimits {
  pool: number | null;
  queue: number | null;
  deployment: number | null;
}

/** A slot for a run that is created, if there is room for it. */
export interface FirstSlot {
  limits: SlotLimits;
  /** The run's next state, with its submitter; see {@link RunChange}. */
  change: { state: State; owner: string; host?: string; watcher?: string | null };
}

export type SlotAnswer =
  | { kind: "acquired"; record: RunRecord }
  | { kind: "full"; of: "pool" | "queue" | "deployment"; limit: number }
  | { kind: "changed" };

/**
 * What processes on several machines promise each other: whoever holds a lease still works. Times are the ledger's, so that no machine's
 * clock matters.
 */
export interface Leases {
  /** Take a new lease, for so long; renew it before that is over. @param host where its holder is */
  begin(name: string, host: string, seconds: number): Promise<void>;
  /** @returns `false` if others have found it expired, and ended it: its holder has lost all that it owned by it, for good */
  renew(name: string): Promise<boolean>;
  end(name: string): Promise<void>;
  /**
   * Whether its holder still works, or may. If it has expired, this ends it in the same step: then it cannot be renewed, and what its
   * holder had begun is free.
   */
  holds(name: string): Promise<boolean>;
}

/** Reports changes in a ledger. */
export interface ChangeFeed {
  /** Whether the ledger reports every change at once. If not, processes must look. */
  isLive(): boolean;
  close(): void;
}

/** What a ledger has that several machines share. */
export interface SharedLedger {
  leases: Leases;
  /** The ledger's time, by what {@link measureTime} found; this machine's before that. */
  now(): Date;
  measureTime(): Promise<void>;
  /**
   * Hear of new runs, ends, requests to cancel, deployments and pauses, by whatever process.
   * @param onChange gets the stack; `undefined`: anything may have changed
   */
  watch(onChange: (stack: string | undefined) => void): ChangeFeed;
}

/**
 * The durable record of runs. Several processes use one at the same time. A change names the version that it is based on, and the ledger
 * refuses it if the run has another version by then.
 *
 * Every method may throw a `UserError` with the ledger's path (exit code 5): disk full, locked, damaged.
 */
export interface Ledger extends SharedNotes {
  /**
   * Write a new run. If this deployment has already used its idempotency key, it returns the earlier run and writes nothing. Without a key,
   * the id decides in the same way. Other processes see it at once. It survives a power cut after the next change of any run: when it takes
   * a slot, at the latest.
   * @param slot if there is room, the new run takes it in the same atomic step, as by {@link acquireSlot}: then it has version 2, and both
   * states. Once it resolves, such a run survives a power cut. @default none
   */
  createRun(run: NewRun, slot?: FirstSlot): Promise<{ record: RunRecord; created: boolean }>;
  /** One run, or `undefined`. */
  read(id: string): Promise<RunRecord | undefined>;
  /** Whether a run still has this version: cheaper than reading it. */
  isAt(id: string, version: number): Promise<boolean>;
  /** Which of these runs no longer have the given version, with one query. */
  moved(runs: readonly (readonly [id: string, version: number])[]): Promise<string[]>;
  /** Runs whose id starts with `ref` or whose name is `ref`, newest first, at most `limit`. */
  match(ref: string, limit: number): Promise<RunRecord[]>;
  /** Newest first. */
  list(filter: RunFilter): Promise<RunRecord[]>;
  /**
   * A page of a list, newest first: by the time of creation, then by id. A page costs as much among many runs as among few; its offset
   * costs a step in an index for each run.
   */
  page(query: RunQuery, place: { offset: number; limit: number }): Promise<RunSummary[]>;
  /** How many runs match. It costs a step in an index for each of them. */
  count(query: RunQuery): Promise<number>;
  /** These runs as in {@link page}, in any order. Missing ones are left out. */
  summaries(ids: readonly string[]): Promise<RunSummary[]>;
  /** Counts by minute and state, in any order. */
  countByMinute(query: RunQuery & { since: string; until: string }): Promise<MinuteCount[]>;
  /** Every attempt of a run with its submission, oldest first. */
  attempts(id: string): Promise<StoredAttempt[]>;
  /** The slots of a stack that are taken, by work queue. */
  slotsTaken(stack: string): Promise<SlotsTaken[]>;
  /** Names of the most recent runs, for suggestions. */
  recentNames(limit: number): Promise<string[]>;
  /** The stacks, work pools and deployments that have runs, each combination once. */
  used(): Promise<{ stack: string; workPool: string; deployment: string }[]>;
  /** Every state that a run has had, oldest first. */
  transitions(id: string): Promise<(State & { attempt: number })[]>;
  /**
   * Compare and set. Returns `undefined` if the run no longer has this version. Once it resolves, the change survives a power cut.
   * @param durable `soon`: it survives only some milliseconds later, for changes that another look would repeat. Other processes see it at
   * once. @default "now"
   */
  change(id: string, version: number, change: RunChange, durable?: "now" | "soon"): Promise<RunRecord | undefined>;
  /** Take a concurrency slot and become PENDING, in one atomic step; as durable as a change. */
  acquireSlot(
    id: string,
    version: number,
    limits: SlotLimits,
    change: Omit<RunChange, "nextAttempt"> & { state: State },
  ): Promise<SlotAnswer>;
  /** The deployments of a stack, by name; all of them without `names`. */
  deployments(stack: string, names?: readonly string[]): Promise<DeploymentRecord[]>;
  /** Write and remove deployments of a stack; all or none. */
  changeDeployments(stack: string, change: { put?: readonly DeploymentRecord[]; remove?: readonly string[] }): Promise<void>;
  /** Those of these notes that exist, with one query. */
  readNotes(keys: readonly string[]): Promise<Map<string, string>>;
  /** The runs that hold a slot in a pool, or a slot of a deployment. */
  slotHolders(stack: string, workPool: string, deployment: string): Promise<RunRecord[]>;
  /** Absent on a ledger of one machine, whose processes know each other by their pids. */
  readonly shared?: SharedLedger;
  /**
   * For a process that will write for long: make sure at its start that it may write.
   * @throws {UserError} if this user or role may only read (exit code 5)
   */
  checkWritable(): Promise<void>;
  /** May be called repeatedly. */
  close(): void;
}
