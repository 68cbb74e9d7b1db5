import { setTimeout as sleep } from "node:timers/promises";
import type { PoolType } from "../model/poolType";
import type { Run } from "../model/run";
import type { RunsContext } from "./runsContext";
import { DEFAULT_GRACE_SECONDS } from "./stop";

/** What is known, from outside its ledger, about a run whose infrastructure may be running. */
export interface UnrecordedRun {
  poolType: PoolType;
  /** `attempt`: the first one to look for; there may have been retries since. */
  run: Pick<Run, "id" | "attempt" | "stack" | "workPool">;
}

/** `unseen`: nothing was found, but it may be running where nobody can look; the reason. */
export interface Unrecorded {
  found: boolean;
  unseen?: string;
}

/**
 * Stop the infrastructure of a run that no ledger has. Ask its target by the run's id, one attempt at a time.
 * @returns whether anything was found; it has stopped then
 */
export async function stopUnrecorded(context: RunsContext, { poolType, run }: UnrecordedRun): Promise<Unrecorded> {
  const target = await context.target({ poolType, run });
  for (let attempt = run.attempt; ; attempt += 1) {
    const infrastructure = await target.find(run.id, attempt);
    if (infrastructure === undefined) {
      const unseen = attempt > run.attempt ? undefined : target.unseen?.(run.id);
      return { found: attempt > run.attempt, ...(unseen === undefined ? {} : { unseen }) };
    }
    for (let asked = false; ; asked = true) {
      const seen = (await target.observe([infrastructure])).get(infrastructure);
      if (seen?.phase === "ended") break;
      if (!asked) await target.stop(infrastructure, { reason: `pushpool: run ${run.id} is deleted`, graceSeconds: DEFAULT_GRACE_SECONDS });
      await sleep(target.pace.first);
    }
    await target.cleanup(infrastructure);
  }
}
