import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import type { RunRecord } from "../ledger";
import type { InfrastructureId, Observation, Target } from "../targets/target";
import { type OnPool, type RunsContext, targetKey } from "./context";
import { recordSeen } from "./observe";

/** Looks that are due within this are made together, in milliseconds. */
const GATHER = 15;
/** For so long one look is waited for before each run is looked at alone, in milliseconds: a region that does not answer holds up no other. */
const PATIENCE = 30_000;
/** Changes that are written at a time: enough to share one sync of the disk, and no more than memory has room for. */
const WRITES_AT_A_TIME = 100;

/** One run that is watched, and no more of it than looking takes: with ten thousand of them that is what counts. */
interface Watched {
  id: string;
  version: number;
  infrastructureId: InfrastructureId;
  phase: "pending" | "running";
  /** When to look again, and how long after that; in milliseconds. */
  due: number;
  pause: number;
  deadline: number;
  signal: AbortSignal;
  resolve: (watched: boolean) => void;
}

const watches = new WeakMap<RunsContext, Map<string, CommonWatch>>();

/** The one watch of all runs on a target that are followed in this process. */
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

/**
 * Looks at the infrastructure of all runs on one target that are followed in this process and under way: one timer, one question to the
 * ledger and one batch, however many they are. Each run is looked at as often as if it were alone.
 */
class CommonWatch {
  readonly #watched = new Set<Watched>();
  readonly #signals = new Set<AbortSignal>();
  readonly #writes = pLimit(WRITES_AT_A_TIME);
  #timer: NodeJS.Timeout | undefined;
  #next = Number.POSITIVE_INFINITY;
  #looking = false;

  constructor(
    private readonly context: RunsContext,
    private readonly of: OnPool,
  ) {}

  /**
   * Resolves when something has changed of a run, by a look or by another process, and is in the ledger; when `signal` fires; or at the
   * deadline (in milliseconds since the epoch).
   * @param record of a run that is PENDING or RUNNING, with infrastructure
   * @returns `false` if a look at all of them told nothing: looked at alone each hears what is wrong
   */
  untilChanged({ run }: RunRecord, { signal, deadline }: { signal: AbortSignal; deadline: number }): Promise<boolean> {
    return new Promise((resolve) => {
      this.#watched.add({
        id: run.id,
        version: run.version,
        infrastructureId: run.infrastructureId as string,
        phase: run.state.type === "PENDING" ? "pending" : "running",
        due: 0,
        pause: 0,
        deadline,
        signal,
        resolve,
      });
      if (!this.#signals.has(signal)) {
        this.#signals.add(signal);
        signal.addEventListener("abort", this.#letGo, { once: true });
      }
      this.#wakeAt(0);
    });
  }

  /** Whoever no longer wants to watch does not wait for a look to end. */
  readonly #letGo = (): void => {
    // Thousands of signals may fire together.
    setImmediate(() => {
      for (const one of this.#watched) if (one.signal.aborted) this.#settle(one, true);
    });
  };

  #wakeAt(time: number): void {
    if (this.#looking || time >= this.#next) return;
    clearTimeout(this.#timer);
    this.#next = time;
    this.#timer = setTimeout(() => void this.#tick(), Math.max(GATHER, time - Date.now()));
  }

  async #tick(): Promise<void> {
    this.#looking = true;
    const now = Date.now();
    const due: Watched[] = [];
    for (const one of this.#watched) {
      if (one.signal.aborted || now >= one.deadline) this.#settle(one, true);
      else if (one.due <= now + GATHER) due.push(one);
    }
    // One by one they hear why, those whom it concerns.
    await this.#look(due).catch(() => due.map((one) => this.#settle(one, false)));
    this.#looking = false;
    this.#next = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const { due, deadline } of this.#watched) next = Math.min(next, due, deadline);
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next);
    else this.#forgetSignals();
  }

  #forgetSignals(): void {
    for (const signal of this.#signals) signal.removeEventListener("abort", this.#letGo);
    this.#signals.clear();
  }

  async #look(due: Watched[]): Promise<void> {
    if (due.length === 0) return;
    const moved = new Set(await this.context.ledger.moved(due.map(({ id, version }) => [id, version])));
    for (const one of due) if (moved.has(one.id)) this.#settle(one, true);
    const there = due.filter((one) => this.#watched.has(one));
    if (there.length === 0) return;

    const target = await this.context.target(this.of);
    const seen = await withinPatience(target.observe([...new Set(there.map(({ infrastructureId }) => infrastructureId))]));
    await Promise.all(there.flatMap((one) => this.#take(one, seen.get(one.infrastructureId)) ?? []));
    const still = there.filter((one) => this.#watched.has(one));
    // Where the cloud has no time limit of its own, who watches a run keeps it.
    await target.enforceLimits?.(still.map(({ infrastructureId }) => infrastructureId));
    for (const one of still) this.#putOff(one, target);
  }

  /** @returns what is to be written down, if anything */
  #take(one: Watched, observation: Observation | undefined): Promise<void> | undefined {
    if (!observation) throw new Error(`the target gave no answer for ${one.infrastructureId}`);
    if (observation.phase === one.phase || observation.phase === "pending") return undefined;
    return this.#writes(async () => {
      const record = await this.context.ledger.read(one.id);
      if (record?.run.infrastructureId === one.infrastructureId) await recordSeen(this.context, record, observation);
      this.#settle(one, true);
    });
  }

  #putOff(one: Watched, { pace }: Target): void {
    one.pause = Math.min(Math.max(one.pause, pace.first) * 1.5, pace.longest);
    one.due = Date.now() + one.pause;
  }

  #settle(one: Watched, watched: boolean): void {
    if (this.#watched.delete(one)) one.resolve(watched);
  }
}

async function withinPatience<T>(looking: Promise<T>): Promise<T> {
  const over = new AbortController();
  const tooLong = sleep(PATIENCE, undefined, { signal: over.signal }).then(() => {
    throw new Error("the look took too long");
  });
  try {
    return await Promise.race([looking, tooLong]);
  } finally {
    over.abort();
    tooLong.catch(() => {});
  }
}
