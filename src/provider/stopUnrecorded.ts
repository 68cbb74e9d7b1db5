import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_GRACE_SECONDS } from "../runs";
import type { Target } from "../targets/target";

/**
 * Stop what a run has going at its target, where no ledger knows the run: asked for by its id, an attempt at a time, since it may have been
 * tried again from elsewhere.
 * @param attempt the first to look for
 * @returns whether anything of it was found; it has stopped then
 */
export async function stopUnrecorded(target: Target, runId: string, attempt: number): Promise<boolean> {
  for (let number = attempt; ; number += 1) {
    const infrastructure = await target.find(runId, number);
    if (infrastructure === undefined) return number > attempt;
    let asked = false;
    for (;;) {
      const seen = (await target.observe([infrastructure])).get(infrastructure);
      if (seen?.phase === "ended") break;
      if (!asked) await target.stop(infrastructure, { reason: `its FlowRun was deleted (${runId})`, graceSeconds: DEFAULT_GRACE_SECONDS });
      asked = true;
      await sleep(target.pace.first);
    }
    await target.cleanup(infrastructure);
  }
}
