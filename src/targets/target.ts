import type { JsonObject, ValueObject } from "../json";
import type { Federation } from "../model/federation";
import type { Outcome } from "../model/outcome";

/** What a target may know about its work pool. */
export interface PoolAccess {
  /** Work pool name. */
  name: string;
  /** Service name to base URL, if it is not the cloud's default. */
  endpoints: Record<string, string>;
  /** The pool's stack: names in the cloud contain it. */
  source: { project: string; stack: string };
  /** Prefect's envelope. */
  baseJobTemplate: ValueObject;
  /** The block with the credentials for submitting; absent: the caller's own cloud login. `createdAt`: ISO 8601. */
  credentials?: { block: string; createdAt?: string; data: ValueObject; federation?: Federation };
  /**
   * Submit with the caller's own cloud login in spite of the block; the block only gives the place (a project, a region). @default false
   */
  ambient?: boolean;
}

/**
 * Short strings by key, shared by all processes of one ledger: what was sent, how fast a cloud may be called. They outlive the process that
 * writes them. The newest may be lost if the machine fails. They contain no secrets.
 */
export interface SharedNotes {
  readNote(key: string): Promise<string | undefined>;
  /** Compare-and-set. `before`: the expected value (`undefined`: absent); `after`: the new value (`undefined`: remove). */
  swapNote(key: string, before: string | undefined, after: string | undefined): Promise<boolean>;
  /**
   * Read and write as one step, which no other process can disturb. It costs a write also where nothing changes.
   * @param change from the present value to the new one (`undefined`: absent); it may be called several times, and the last call counts
   * @returns the value now
   */
  changeNote(key: string, change: (now: string | undefined) => string | undefined): Promise<string | undefined>;
  /**
   * Writes take effect in the order in which they are requested, also if none waits for the one before: no crash leaves a later one without
   * an earlier one. They then cost one write. @default only one after the other
   */
  readonly keepsOrder?: boolean;
  /** The time by one clock for all machines that share the notes, in milliseconds since 1970. @default this machine's */
  clock?(): number;
  /** Makes sure that {@link clock} is right, also after this machine slept. It asks only if that is not known. @default it is always right */
  measureTime?(): Promise<void>;
  /** The first keys that begin with `prefix`, in the order of their characters. */
  noteKeys(prefix: string, limit: number): Promise<string[]>;
}

/** What a target gets when it is opened. */
export interface TargetAccess {
  /** Reads the manifest, so it is called only if the target needs it. */
  pool(): Promise<PoolAccess>;
  notes: SharedNotes;
  /** A secret key of this ledger, created on first use, for digests of secrets that others can see. */
  digestKey: () => Buffer | Promise<Buffer>;
  /** Reports to the user what a call is waiting for. @default nothing */
  warn?: (message: string) => void;
  /** Called after each try of a call. @param fault why the cloud could not be reached, or did not know the caller; absent: it answered */
  answered?: (fault?: string) => void;
  /** Reads the manifest again. @returns whether the pool has other credentials by now than those that the target was opened with */
  isReplaced?: () => Promise<boolean>;
}

/** The place and the caller for which a target is opened. */
export interface TargetPlace extends TargetAccess {
  /** The `.pushpool` folder. */
  home: string;
  /** The caller's environment. */
  env: NodeJS.ProcessEnv;
}

/** What a target needs to know about the run that it plans, besides the job configuration. */
export interface RunToPlan {
  /** Flow run id (UUID). */
  id: string;
  /** From 1; a retry is the next attempt, with its own infrastructure. */
  attempt: number;
  /** Work pool name. */
  pool: string;
  /** The run's time limit in seconds, if the template has no variable for it. */
  timeoutSeconds: number | null;
}

/**
 * The exact request for one attempt of one run, as data: what the ledger stores before anything is sent, and what `--dry-run` shows. Its
 * secrets stay wrapped until {@link Target.submit}.
 */
export interface Submission {
  runId: string;
  attempt: number;
  /** Work pool name. */
  pool: string;
  request: ValueObject;
  /** Warnings for the user before it is sent, one line each. */
  warnings: string[];
  /** `"ambient"`: with the caller's own cloud login, also when another process takes the run up. @default the work pool's credentials */
  credentials?: "ambient";
  /** The cloud's id of the pool's key with which it is sent. `up` removes no key of an unfinished run. @default not known */
  keyId?: string;
  /** The work pool that the request named, so that further attempts stay on it. @default left to the deployment */
  workPool?: string;
}

/** A submission whose prerequisites exist (a Job, a task definition), with the facts from creating them. */
export interface Prepared {
  submission: Submission;
  resources: JsonObject;
}

/** A target's own name for the infrastructure of one attempt; opaque outside the target, and permanent. */
export type InfrastructureId = string;

/** Records what was started. It does not reject. */
export type Started = (id: InfrastructureId) => Promise<void>;

/** The state of one attempt's infrastructure. Times are ISO 8601, UTC. */
export type Observation =
  | { phase: "pending"; message?: string }
  | { phase: "running"; startedAt: string }
  | { phase: "ended"; outcome: Outcome; startedAt?: string; endedAt: string };

/** A line of a run's output. */
export interface LogLine {
  /** ISO 8601, UTC. */
  at: string;
  /** `stderr` also for lines that the place marks as errors. */
  stream: "stdout" | "stderr";
  /** Without the line end. */
  text: string;
  /** If the place reports it, by the names of Cloud Logging's LogSeverity: `DEBUG` to `EMERGENCY`. */
  severity?: string;
}

export interface LogPage {
  lines: LogLine[];
  /** Where the next page starts; opaque, stable across processes and versions of the same ledger. */
  cursor: string;
  /** No line will follow this page. */
  complete: boolean;
}

/** What a work pool's runs left in the cloud. */
export interface Leftovers {
  /** How much was removed, by the user's word for it: `{ "task definitions": 3 }`. */
  removed: Record<string, number>;
  /** What stays, one sentence each, with the reason and what to do. */
  kept: string[];
}

/** The part of a pool's declaration that says where its runs may have left something. */
export interface LeftoversAsked {
  /** Job variables of the pool's deployments. */
  jobVariables: readonly ValueObject[];
  signal: AbortSignal;
}

/**
 * One place where runs can go. Every target passes the same conformance suite, `test/targets/conformance.ts`.
 *
 * Errors that users can act on are {@link UserError}s: exit code 2 from `plan` (invalid input, with its path), 5 from the rest (refused or
 * unreachable).
 *
 * Every method that waits takes a `signal`. Soon after it fires, the method rejects with an `AbortError`. Only work that others wait for
 * continues in the background. The next caller does the rest.
 */
export interface Target {
  /**
   * How often to look, in milliseconds: the first pause, and the longest one. `together` is the size of a batch, if each look at a run is a
   * separate call. Then a watcher of thousands of runs does not wait for all of them. @default all
   */
  readonly pace: { first: number; longest: number; together?: number };
  /** How long the place lets a stopped run end by itself, as a sentence, if no other time can be requested. */
  readonly ownGrace?: string;

  /**
   * The requests as data, after all checks that are possible here (sizes, enums, paths). Pure, except for reading local files: the same
   * input gives the same submission.
   * @param job the rendered `job_configuration`, prepared for this run (name, labels, env, command)
   * @throws {UserError} naming the path in the job configuration that cannot be used
   */
  plan(job: ValueObject, run: RunToPlan): Submission;

  /** Create what must exist before. It is shared between runs, content-addressed and idempotent. */
  prepare(submission: Submission, signal: AbortSignal): Promise<Prepared>;

  /**
   * Start it. The same submission twice, from anywhere, at any time, gives one container and the same id.
   * @param started called once it has started, after the target's own notes about it: what the caller writes is one step with them. The id
   * that this method returns is the one that counts. A target without notes need not call it
   */
  submit(prepared: Prepared, signal: AbortSignal, started?: Started): Promise<InfrastructureId>;

  /**
   * After a crash: did this attempt start? Returns `undefined` only if it certainly did not.
   * @param submission as in the ledger, with references to its secrets, if the ledger has the run: it says where to look
   * @param isSentAgain whether the caller submits it again if it is not found. A target whose cloud recognizes a repeated request then need
   * not be certain, and answers sooner. @default false
   */
  find(
    runId: string,
    attempt: number,
    submission?: JsonObject,
    signal?: AbortSignal,
    isSentAgain?: boolean,
  ): Promise<InfrastructureId | undefined>;

  /**
   * Why a run that {@link Target.find} does not find may still be running: it cannot be seen from here. A sentence without its full stop.
   * @returns `undefined` if a run that is not found is not running @default always
   */
  unseen?(runId: string): string | undefined;

  /** Look at these, with as few calls as possible. Every id gets an answer. */
  observe(ids: readonly InfrastructureId[], signal?: AbortSignal): Promise<Map<InfrastructureId, Observation>>;

  /**
   * Ask those that are past their time limit to stop. Only for clouds without time limits, and for callers that watch a run to its end. A
   * mere look stops nothing. {@link observe} proves the end.
   */
  enforceLimits?(ids: readonly InfrastructureId[], signal?: AbortSignal): Promise<void>;

  /** The lines after `cursor` (without one, from the start). Resumable: no line is lost, none comes twice. */
  logs(id: InfrastructureId, cursor?: string, signal?: AbortSignal): Promise<LogPage>;

  /**
   * Ask it to stop: SIGTERM, then SIGKILL after the grace period (or its {@link Target.ownGrace}). Only {@link Target.observe} proves that
   * it did. No error if it has ended.
   */
  stop(id: InfrastructureId, request: { reason: string; graceSeconds: number }, signal?: AbortSignal): Promise<void>;

  /** Remove what is left of an ended attempt, unless its logs and outcome need it. Never changes the outcome; may be repeated. */
  cleanup(id: InfrastructureId, signal?: AbortSignal): Promise<void>;

  /**
   * Remove what no run of the pool has used for a week, with a limited number of calls. Never what is in use, another stack's, or created
   * by hand. Absent if runs leave nothing.
   * @returns whether more is left
   */
  tidy?(signal: AbortSignal): Promise<boolean>;

  /** Remove everything that the pool's runs created, secrets first. Called before the stack is destroyed, and its credentials with it. */
  removeLeftovers?(asked: LeftoversAsked): Promise<Leftovers>;
}
