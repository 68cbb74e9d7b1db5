import type { JsonObject } from "../json";
import type { Ledger } from "../ledger";

/** An unfinished run, and the key that submitted it. */
export interface KeyUse {
  keyId: string;
  /** Name of the run. */
  run: string;
}

/** The unfinished runs of a work pool, in all stacks: an id names one key, and a stack that was renamed has runs under its former name. */
export async function unfinishedByKey(ledger: Pick<Ledger, "list">, workPool: string): Promise<KeyUse[]> {
  const runs = await ledger.list({ workPool, states: ["PENDING", "RUNNING", "PAUSED", "CANCELLING"], limit: 10_000 });
  return runs.flatMap(({ run, submission }) => {
    const { keyId } = submission as JsonObject;
    return typeof keyId === "string" ? [{ keyId, run: run.name }] : [];
  });
}
