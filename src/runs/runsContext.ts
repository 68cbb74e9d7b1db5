import type { Json } from "../json";
import type { Ledger, RunRecord } from "../ledger";
import type { LoadedManifest } from "../manifest";
import type { PoolType } from "../model/poolType";
import type { Run } from "../model/run";
import type { InfrastructureId, LogLine, Submission, Target } from "../targets/target";
import type { Lease } from "./lease";
import type { Listeners } from "./listeners";
import type { Tidying } from "./poolLeftovers";
import type { DigestKey } from "./storedSecrets";

/** The work pool and the login of a run: a record of the ledger has them. */
export interface OnPool {
  poolType: PoolType;
  run: Pick<Run, "stack" | "workPool">;
  submission?: { credentials?: Json };
}

/** Equal for all runs of one target. */
export function targetKey({ run, poolType, submission }: OnPool): string {
  return JSON.stringify([run.stack, run.workPool, poolType, submission?.credentials ?? null]);
}

/** What all of `runs/` needs. Each part is created on first use. */
export interface RunsContext {
  ledger: Ledger;
  /** That this process works, for the others of the ledger. */
  lease: Lease;
  /** The host whose processes the `process:push` runs of this process are; see `src/machineName.ts`. */
  host(): string;
  /** The `<project>/<stack>` whose runs are meant. Absent if no stack is known; reads then include every stack. */
  stack?: string;
  /** The manifest with its secrets, read once; `fresh` reads it again. */
  manifest(options?: { fresh?: boolean }): Promise<LoadedManifest>;
  /** The target of a run's work pool. */
  target(of: OnPool): Promise<Target>;
  /** The key of the secrets' digests in this ledger. */
  digestKey: DigestKey;
  env: NodeJS.ProcessEnv;
  /** The variables for `{{ $NAME }}` in a template. @default `env` */
  templateEnv?: NodeJS.ProcessEnv;
  now(): Date;
  /** Reports a problem that no result contains, such as a work pool that cannot be asked at the moment. */
  warn(message: string): void;
  /** Who gets the notices about retried requests. */
  listeners: Listeners;
  /** Removes leftovers in the background after submissions. */
  tidying: Tidying;
  /** Submissions planned in this process and not sent yet, by `<run id>/<attempt>`, so that their secrets need not be read again. */
  planned: Map<string, Submission>;
  /** The newest runs that this process recorded and nobody submitted from here yet, so that submitting one need not read it. */
  created: Map<string, RunRecord>;
  /** How often each run of this host is watched by this process at the same time. */
  watched: Map<string, number>;
  /** What this process has already asked to stop: one request is enough, and it watches further. */
  stopAsked: Set<InfrastructureId>;
  /** What this process has reported that it could not clean up: each watcher tries again, in silence. */
  notCleaned: Set<InfrastructureId>;
}

/** What a watcher receives, in the order in which it happened. */
export type RunEvent =
  | { kind: "state"; run: Run }
  | { kind: "waiting"; run: Run; reason: string }
  | { kind: "warning"; message: string }
  // bySubmitter: a line about the submission, written by the process that submitted the run.
  | { kind: "log"; line: LogLine; bySubmitter?: true };

/** How to watch a run. */
export interface Watching {
  signal?: AbortSignal;
  /** Receives what happens to the run, in the order in which it happened. */
  onEvent?: (event: RunEvent) => void;
}
