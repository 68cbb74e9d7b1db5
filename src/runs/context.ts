import type { Json } from "../json";
import type { Ledger } from "../ledger";
import type { LoadedManifest } from "../manifest";
import type { FlowRun } from "../model/flowRun";
import type { PoolType } from "../model/poolType";
import type { InfrastructureId, LogLine, Submission, Target } from "../targets/target";
import type { Tidying } from "./leftovers";
import type { Listeners } from "./listeners";

/** Where a run goes, and by whose login: a record of the ledger says it. */
export interface OnPool {
  poolType: PoolType;
  run: Pick<FlowRun, "stack" | "workPool">;
  submission?: { credentials?: Json };
}

/** The same text for runs of one target. */
export function targetKey({ run, poolType, submission }: OnPool): string {
  return JSON.stringify([run.stack, run.workPool, poolType, submission?.credentials ?? null]);
}

/** What everything under `runs/` works with; each part is made only when first asked for. */
export interface RunsContext {
  ledger: Ledger;
  /** `<project>/<stack>` whose runs are meant; absent where no stack is known (reads then take every stack). */
  stack?: string;
  /** The manifest with its secrets, read once; `fresh` reads it again. */
  manifest(options?: { fresh?: boolean }): Promise<LoadedManifest>;
  /** The target of the work pool that a run is on. */
  target(of: OnPool): Promise<Target>;
  /** Key of the secrets' digests in this ledger. */
  digestKey(): Buffer;
  env: NodeJS.ProcessEnv;
  /** What `{{ $NAME }}` in a template reads; absent: `env`. */
  templateEnv?: NodeJS.ProcessEnv;
  now(): Date;
  /** What a reader should hear and nothing else tells: a pool that cannot be asked just now. */
  warn(message: string): void;
  /** Who hears that a cloud or a server is asked again. */
  listeners: Listeners;
  /** What goes on behind submissions to leave nothing over. */
  tidying: Tidying;
  /** Submissions made in this process, by `<run id>/<attempt>`, so that their secrets need not be looked up again. */
  planned: Map<string, Submission>;
  /** What this process has asked to stop already: asking is one call, watching goes on. */
  stopAsked: Set<InfrastructureId>;
}

/** What a watcher hears, in the order in which it happened. */
export type RunEvent =
  | { kind: "state"; run: FlowRun }
  | { kind: "waiting"; run: FlowRun; reason: string }
  | { kind: "warning"; message: string }
  // bySubmitter: a line about the submission, which whoever submitted the run wrote into its log.
  | { kind: "log"; line: LogLine; bySubmitter?: true };

/** How a run is watched. */
export interface Watching {
  signal?: AbortSignal;
  /** Gets what happens to the run, in the order in which it happened. */
  onEvent?: (event: RunEvent) => void;
}
