import type { RunRecord } from "../ledger";
import type { PoolType } from "../model/poolType";
import type { Leftovers, Target } from "../targets/target";
import { UserError } from "../userError";
import type { RunsContext } from "./runsContext";

/** How often to tidy a pool, in milliseconds; sooner if one tidying was not enough. */
const PAUSE = 86_400_000;
const SOONER = 600_000;
/** After how long to repeat a tidying that never ended, in milliseconds. */
const CLAIM = 3_600_000;
/** How long removing one pool's leftovers may take, in milliseconds. */
const TIME_LIMIT = 300_000;

/** Removes leftovers in the background after submissions. */
export class Tidying {
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  /** When this process may tidy next, by stack and pool. */
  readonly #next = new Map<string, number>();
  #told = false;

  /**
   * Remove what a pool's runs left in the cloud and no run uses any more, once a day, after a submission to that pool. Nobody waits for it,
   * and its errors do not affect the run.
   */
  after(context: RunsContext, record: RunRecord, target: Target): void {
    if (!target.tidy || this.#stop.signal.aborted) return;
    const { stack, workPool } = record.run;
    const key = `tidy/${stack}/${workPool}`;
    if (Date.now() < (this.#next.get(key) ?? 0)) return;
    this.#next.set(key, Date.now() + SOONER);
    const work = this.#tidy(context, target, key).catch((error: unknown) => {
      if (this.#told || this.#stop.signal.aborted || !(error instanceof UserError)) return;
      this.#told = true;
      context.warn(`leftovers of work pool "${workPool}" stay in the cloud: ${error.message}`);
    });
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  /** Start nothing more, and wait a short time for what is running. @param patience milliseconds */
  async close(patience = 1_500): Promise<void> {
    if (this.#underWay.size > 0) {
      let timer: NodeJS.Timeout | undefined;
      const enough = new Promise<void>((done) => {
        timer = setTimeout(done, patience);
      });
      await Promise.race([Promise.all(this.#underWay), enough]);
      clearTimeout(timer);
    }
    this.#stop.abort();
  }

  async #tidy({ ledger }: RunsContext, target: Target, key: string): Promise<void> {
    const text = await ledger.readNote(key);
    if (text !== undefined && Date.now() < Number(text)) return;
    const claim = String(Date.now() + CLAIM);
    if (!(await ledger.swapNote(key, text, claim))) return;
    const more = await target.tidy?.(this.#stop.signal);
    await ledger.swapNote(key, claim, String(Date.now() + (more ? SOONER : PAUSE)));
  }
}

/** The result for one pool's leftovers. */
export interface PoolLeftovers extends Leftovers {
  pool: string;
}

/**
 * Remove what the runs of a stack created in the clouds, pool by pool. Use the pool's credentials, and the caller's own login for what
 * those may not remove.
 * @throws {UserError} if there is no manifest
 */
export async function removeLeftovers(context: RunsContext, signal: AbortSignal): Promise<PoolLeftovers[]> {
  const { manifest, stack } = await context.manifest();
  const deployed = await context.ledger.deployments(stack);
  const deployments = [...Object.entries(manifest.deployments), ...deployed.map(({ name, definition }) => [name, definition] as const)];
  // A run may have been asked of another pool than its deployment's.
  const used = (await context.ledger.used()).filter((one) => one.stack === stack);
  const found: PoolLeftovers[] = [];
  for (const [pool, { type, credentials }] of Object.entries(manifest.pools)) {
    const runHere = new Set(used.filter(({ workPool }) => workPool === pool).map(({ deployment }) => deployment));
    const jobVariables = deployments
      .filter(([name, { workPool }]) => workPool.name === pool || runHere.has(name))
      .map(([, { workPool }]) => workPool.jobVariables ?? {});
    const remove = (ambient: boolean) => removeOf(context, { pool, type, stack, ambient }, { jobVariables, signal });
    const first = await remove(false);
    if (!first) continue;
    const again = first.kept.length > 0 && credentials !== undefined ? await remove(true) : undefined;
    // Ignore a login that is missing or may do no more.
    const better = again && !again.failed && (Object.keys(again.removed).length > 0 || again.kept.length < first.kept.length);
    found.push({ pool, removed: sum(first.removed, again?.removed), kept: better ? again.kept : first.kept });
  }
  return found;
}

async function removeOf(
  context: RunsContext,
  { pool, type, stack, ambient }: { pool: string; type: PoolType; stack: string; ambient: boolean },
  asked: Parameters<NonNullable<Target["removeLeftovers"]>>[0],
): Promise<(Leftovers & { failed?: true }) | undefined> {
  if (type === "process:push") return undefined;
  const limit = AbortSignal.timeout(TIME_LIMIT);
  try {
    const submission = ambient ? { submission: { credentials: "ambient" } } : {};
    const target = await context.target({ poolType: type, run: { stack, workPool: pool }, ...submission });
    return await target.removeLeftovers?.({ ...asked, signal: AbortSignal.any([asked.signal, limit]) });
  } catch (error) {
    if (limit.aborted && !asked.signal.aborted)
      return {
        removed: {},
        kept: [`its runs' leftovers were not all removed within ${TIME_LIMIT / 60_000} minutes: the rest stays`],
        failed: true,
      };
    if (!(error instanceof UserError)) throw error;
    return { removed: {}, kept: [error.message], failed: true };
  }
}

function sum(one: Record<string, number>, other: Record<string, number> = {}): Record<string, number> {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return Object.fromEntries(names.map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]));
}
