import type { JsonObject, ValueObject } from "../json";
import type { Outcome } from "../model/outcome";

/** What a target may know of the work pool it runs for. */
export interface PoolAccess {
  /** Work pool name. */
  name: string;
  /** Service name to base URL, where it is not the cloud's usual one. */
  endpoints: Record<string, string>;
  /** The stack that the pool belongs to: names in the cloud are made of it. */
  source: { project: string; stack: string };
  /** Prefect's envelope. */
  baseJobTemplate: ValueObject;
  /** The block that runs are submitted with; absent: the caller's own cloud login. `createdAt`: ISO 8601. */
  credentials?: { block: string; createdAt?: string; data: ValueObject };
  /** Submit with the caller's own cloud login in spite of the block, of which only the place (a project, a region) is used. @default false */
  ambient?: boolean;
}

/**
 * Small texts by key that every process which uses the same ledger shares: what was sent, how fast a cloud may be asked.
 * They outlive the process that writes them; the newest may be gone when the machine itself goes down. They hold no secret.
 */
export interface SharedNotes {
  readNote(key: string): Promise<string | undefined>;
  /** Compare-and-set. `before`: what it must be now (`undefined`: absent); `after`: what it becomes (`undefined`: gone). */
  swapNote(key: string, before: string | undefined, after: string | undefined): Promise<boolean>;
}

/** What a target gets from whoever opens it. */
export interface TargetAccess {
  /** Takes the manifest, so it is called only where a target cannot do without. */
  pool(): Promise<PoolAccess>;
  notes: SharedNotes;
  /** A secret key of this ledger, made when it is first asked for: for digests of secrets that others can see. */
  digestKey: () => Buffer;
  /** For what a user should hear while it is waited for something. @default nobody hears it */
  warn?: (message: string) => void;
}

/** Where and for whom a target is opened. */
export interface TargetPlace extends TargetAccess {
  /** The `.pushpool` folder. */
  home: string;
  /** The caller's environment. */
  env: NodeJS.ProcessEnv;
}

/** What a target needs to know of the run it plans, beside the job configuration. */
export interface RunToPlan {
  /** Flow run id (UUID). */
  id: string;
  /** From 1; a retry is the next attempt, with infrastructure of its own. */
  attempt: number;
  /** Work pool name. */
  pool: string;
  /** Time limit of the run, in seconds, where the template has no variable for one. */
  timeoutSeconds: number | null;
}

/**
 * The exact request for one attempt of one run, as data: what the ledger stores before anything is sent, and what `--dry-run` shows.
 * Its secrets are wrappers until {@link Target.submit}.
 */
export interface Submission {
  runId: string;
  attempt: number;
  /** Work pool name. */
  pool: string;
  request: ValueObject;
  /** What the user should hear before it is sent, a line each. */
  warnings: string[];
  /** `"ambient"`: by the caller's own cloud login, whoever takes the run up. @default the work pool's credentials */
  credentials?: "ambient";
}

/** A submission whose prerequisites exist (a Job, a task definition), with what was learnt in making them. */
export interface Prepared {
  submission: Submission;
  resources: JsonObject;
}

/** A target's own name for the infrastructure of one attempt; opaque outside the target, stable for ever. */
export type InfrastructureId = string;

/** What the infrastructure of one attempt looks like now. Times are ISO 8601, UTC. */
export type Observation =
  | { phase: "pending"; message?: string }
  | { phase: "running"; startedAt: string }
  | { phase: "ended"; outcome: Outcome; startedAt?: string; endedAt: string };

/** A line of what a run printed. */
export interface LogLine {
  /** ISO 8601, UTC. */
  at: string;
  /** `stderr` also for what the place marks as an error. */
  stream: "stdout" | "stderr";
  /** Without its line end. */
  text: string;
  /** Where the place knows it, by the names of Cloud Logging's LogSeverity: `DEBUG` to `EMERGENCY`. */
  severity?: string;
}

export interface LogPage {
  lines: LogLine[];
  /** Where the next page starts; opaque, stable across processes and versions of the same ledger. */
  cursor: string;
  /** No line will ever follow this page. */
  complete: boolean;
}

/** What runs of a work pool had left in the cloud. */
export interface Leftovers {
  /** How much was removed, by what people call it: `{ "task definitions": 3 }`. */
  removed: Record<string, number>;
  /** What stays: a line each, with the reason and what to do. */
  kept: string[];
}

/** The part of a pool's declaration that says where its runs may have left something. */
export interface LeftoversAsked {
  /** Job variables of the pool's deployments. */
  jobVariables: readonly ValueObject[];
  signal: AbortSignal;
}

/**
 * One place where runs can go. Every target passes the one conformance suite, `test/targets/conformance.ts`.
 *
 * Errors that the user can act on are {@link UserError}s: exit code 2 from `plan` (bad input, with its path), 5 from the rest (refused or unreachable).
 */
export interface Target {
  /** How often watching this target makes sense, in milliseconds: first look, and the longest pause between two. */
  readonly pace: { first: number; longest: number };
  /** How long the place itself lets a stopped run end by itself, as a sentence, where no other time can be asked for. */
  readonly ownGrace?: string;

  /**
   * The requests as data, after every check that can be made here (sizes, enums, paths).
   * Pure but for looking at local files; the same input gives the same submission.
   * @param job the rendered `job_configuration`, prepared for this run (name, labels, env, command)
   * @throws {UserError} naming the path in the job configuration that cannot be honoured
   */
  plan(job: ValueObject, run: RunToPlan): Submission;

  /** Make what must exist first. Shared between runs, content-addressed, idempotent. */
  prepare(submission: Submission, signal: AbortSignal): Promise<Prepared>;

  /** Start it. The same submission twice, from anywhere, at any time, gives one container and the same id. */
  submit(prepared: Prepared, signal: AbortSignal): Promise<InfrastructureId>;

  /**
   * After a crash: did this attempt start? Answers `undefined` only where it is sure that it did not.
   * @param submission as the ledger has it, its secrets as references, where the run is in it: it tells where to look
   */
  find(runId: string, attempt: number, submission?: JsonObject): Promise<InfrastructureId | undefined>;

  /**
   * Why a run that {@link Target.find} does not find may go on all the same: it cannot be looked at from here. A sentence without its end.
   * @returns `undefined` if what is not found does not go on. @default it never does
   */
  unseen?(runId: string): string | undefined;

  /** How they are now, in as few calls as the place allows. Every id asked for has an answer. */
  observe(ids: readonly InfrastructureId[]): Promise<Map<InfrastructureId, Observation>>;

  /**
   * Ask what is past its time limit to stop. Only where the cloud enforces no limit itself, and only for those who watch a run to its end: whoever just looks
   * stops nothing. {@link observe} proves the end.
   */
  enforceLimits?(ids: readonly InfrastructureId[]): Promise<void>;

  /** The lines after `cursor` (from the start without one). Resumable: nothing lost, nothing twice. */
  logs(id: InfrastructureId, cursor?: string): Promise<LogPage>;

  /** Ask it to stop: SIGTERM, then SIGKILL after the grace (or its {@link Target.ownGrace}). Only {@link Target.observe} proves that it did. No error if it has ended. */
  stop(id: InfrastructureId, request: { reason: string; graceSeconds: number }): Promise<void>;

  /** Remove what is left of an ended attempt but is not needed to read its logs and outcome. Never changes the outcome; may be repeated. */
  cleanup(id: InfrastructureId): Promise<void>;

  /**
   * Remove what no run of the pool has used for a week, in a bounded number of calls. Never what is in use, another stack's, or made by hand.
   * Absent where runs leave nothing.
   * @returns whether more is left
   */
  tidy?(signal: AbortSignal): Promise<boolean>;

  /** Remove everything that the pool's runs have made, secrets first. Before the stack goes, and its credentials with it. */
  removeLeftovers?(asked: LeftoversAsked): Promise<Leftovers>;
}
