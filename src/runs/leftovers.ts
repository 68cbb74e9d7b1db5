import type { RunRecord } from "../ledger";
import type { PoolType } from "../model/poolType";
import type { Leftovers, Target } from "../targets/target";
import { UserError } from "../userError";
import type { RunsContext } from "./context";

/** How often a pool is tidied, in milliseconds; sooner where more was left than one tidying takes. */
const PAUSE = 86_400_000;
const SOONER = 600_000;
/** What was begun and never ended is begun again after this, in milliseconds. */
const CLAIM = 3_600_000;
/** How long removing one pool's leftovers may take, in milliseconds. */
const LONGEST = 300_000;

/** Tidying that goes on behind submissions. */
export class Tidying {
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  /** By stack and pool: not before then, as far as this process knows. */
  readonly #next = new Map<string, number>();
  #told = false;

  /**
   * Remove what the runs of a pool have left and no run uses any more: once a day, by whoever has just submitted to it. It is waited for by nobody, and what
   * it cannot do changes nothing of the run.
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
      context.warn(`what no run of work pool "${workPool}" uses any more stays in the cloud: ${error.message}`);
    });
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  /** Wait until what is under way has ended, but not for long, and begin nothing more. @param patience milliseconds */
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

/** What became of one pool's leftovers. */
export interface PoolLeftovers extends Leftovers {
  pool: string;
}

/**
 * Remove what the runs of a stack have made in the clouds, pool by pool: with the pool's credentials, and what those may not, with the caller's own login.
 * @throws {UserError} if there is no manifest to go by
 */
export async function removeLeftovers(context: RunsContext, signal: AbortSignal): Promise<PoolLeftovers[]> {
  const { manifest, stack } = await context.manifest();
  const deployed = await context.ledger.deployments(stack);
  const deployments = [...Object.values(manifest.deployments), ...deployed.map(({ definition }) => definition)];
  const found: PoolLeftovers[] = [];
  for (const [pool, { type, credentials }] of Object.entries(manifest.pools)) {
    const jobVariables = deployments.filter(({ workPool }) => workPool.name === pool).map(({ workPool }) => workPool.jobVariables ?? {});
    const remove = (ambient: boolean) => removeOf(context, { pool, type, stack, ambient }, { jobVariables, signal });
    const first = await remove(false);
    if (!first) continue;
    const again = first.kept.length > 0 && credentials !== undefined ? await remove(true) : undefined;
    // A login that is not there, or may do no more, has nothing better to say.
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
  const limit = AbortSignal.timeout(LONGEST);
  try {
    const submission = ambient ? { submission: { credentials: "ambient" } } : {};
    const target = await context.target({ poolType: type, run: { stack, workPool: pool }, ...submission });
    return await target.removeLeftovers?.({ ...asked, signal: AbortSignal.any([asked.signal, limit]) });
  } catch (error) {
    if (limit.aborted && !asked.signal.aborted)
      return {
        removed: {},
        kept: [`not all that its runs had made was removed within ${LONGEST / 60_000} minutes: the rest stays`],
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
