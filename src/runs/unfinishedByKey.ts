import type { JsonObject } from "../json";
import type { Ledger } from "../ledger";

/** An unfinished run, and the key that submitted it. */
export interface KeyUse {
  keyId: string;
  /** Name of the run. */
  run: string;
}

/** The unfinished runs of a work pool that a key submitted. */
export async function unfinishedByKey(ledger: Ledger, of: { stack: string; workPool: string }): Promise<KeyUse[]> {
  const runs = await ledger.list({ ...of, states: ["PENDING", "RUNNING", "PAUSED", "CANCELLING"], limit: 10_000 });
  return runs.flatMap(({ run, submission }) => {
    const { keyId } = submission as JsonObject;
    return typeof keyId === "string" ? [{ keyId, run: run.name }] : [];
  });
}
