import pLimit from "p-limit";
import type { RunRecord } from "../ledger";
import type { Observation } from "../targets/target";
import { InfrastructureWatch, type Watched } from "./infrastructureWatch";
import { recordSeen } from "./observe";
import { type OnPool, type RunsContext, targetKey } from "./runsContext";

/** How many changes to write at a time: enough to share one sync of the disk, and few enough for memory. */
const WRITES_AT_A_TIME = 100;
/** How long to wait for one look, in milliseconds: a region that does not answer must not delay the others. */
const PATIENCE = 30_000;

interface WatchedRun extends Watched {
  id: string;
  version: number;
  phase: "pending" | "running";
  resolve: (watched: boolean) => void;
}

const watches = new WeakMap<RunsContext, Map<string, CommonWatch>>();

/** The one watch of all runs on a target that this process follows. */
export function commonWatch(context: RunsContext, { run, poolType, submission }: RunRecord): CommonWatch {
  const { credentials } = submission;
  const { stack, workPool } = run;
  const of: OnPool = { poolType, run: { stack, workPool }, ...(credentials === undefined ? {} : { submission: { credentials } }) };
  const key = targetKey(of);
  const all = watches.get(context) ?? new Map<string, CommonWatch>();
  watches.set(context, all);
  const watch = all.get(key) ?? new CommonWatch(context, of);
  all.set(key, watch);
  return watch;
}

/** Watches the ledger's active runs on one target. Besides the infrastructure, it asks the ledger once for each look. */
class CommonWatch {
  readonly #writes = pLimit(WRITES_AT_A_TIME);
  readonly #watch: InfrastructureWatch<WatchedRun>;

  constructor(
    private readonly context: RunsContext,
    of: OnPool,
  ) {
    this.#watch = new InfrastructureWatch<WatchedRun>({
      patience: PATIENCE,
      target: () => context.target(of),
      beforeLook: async (due) => {
        const moved = new Set(await context.ledger.moved(due.map(({ id, version }) => [id, version])));
        for (const one of due) if (moved.has(one.id)) this.#settle(one, true);
      },
      seen: (one, observation) => this.#record(one, observation),
      // Each run concerned then finds the reason by its own look.
      failed: (due) => {
        for (const one of due) this.#settle(one, false);
      },
      left: ({ resolve }) => resolve(true),
      rarely: (message) => context.listeners.tell(`work pool "${of.run.workPool}": ${message}`, of.run.workPool),
    });
  }

  /**
   * Resolves when a run has changed in the ledger, by a look or by another process, or when `signal` fires.
   * @param record of a run that is PENDING or RUNNING, with infrastructure
   * @returns `false` if a look at all runs failed: a look at each alone then shows what is wrong
   */
  untilChanged({ run }: RunRecord, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      this.#watch.add({
        id: run.id,
        version: run.version,
        infrastructureId: run.infrastructureId as string,
        phase: run.state.type === "PENDING" ? "pending" : "running",
        due: 0,
        pause: 0,
        signal,
        resolve,
      });
    });
  }

  #record(one: WatchedRun, observation: Observation): Promise<void> | undefined {
    if (observation.phase === one.phase || observation.phase === "pending") return undefined;
    return this.#writes(async () => {
      const record = await this.context.ledger.read(one.id);
      if (record?.run.infrastructureId === one.infrastructureId) await recordSeen(this.context, record, observation);
      this.#settle(one, true);
    });
  }

  #settle(one: WatchedRun, watched: boolean): void {
    if (this.#watch.drop(one)) one.resolve(watched);
  }
}
