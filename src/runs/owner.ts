import { hostname } from "node:os";
import type { Ledger, RunRecord } from "../ledger";
import { processLives, processName } from "../processName";

/** The submissions that this process is busy with. */
const live = new Set<string>();
let count = 0;

/**
 * Do `work` as the owner of a run's submission. The name goes into the ledger: host, pid, the pid's start time (so that a pid used again
 * is not taken for it) and a number. Whoever finds a run whose owner is gone takes it up.
 *
 * However the work ends, the run is let go: nobody waits for a submitter that is done because its process lives on.
 */
export async function asOwner<T extends { record: RunRecord }>(
  { ledger }: { ledger: Ledger },
  runId: string,
  work: (owner: string) => Promise<T>,
): Promise<T> {
  count += 1;
  const owner = `${processName()}/${count}`;
  live.add(owner);
  let held = true;
  try {
    const result = await work(owner);
    held = result.record.owner === owner;
    return result;
  } finally {
    live.delete(owner);
    if (held) await letGo(ledger, runId, owner);
  }
}

async function letGo(ledger: Ledger, runId: string, owner: string): Promise<void> {
  for (;;) {
    const record = await ledger.read(runId);
    if (record?.owner !== owner) return;
    if (await ledger.change(runId, record.run.version, { owner: null })) return;
  }
}

/** Whether that submission still goes on, as far as can be known from here. */
export function ownerLives(owner: string): boolean {
  const name = owner.slice(0, owner.lastIndexOf("/"));
  return name === processName() ? live.has(owner) : processLives(name);
}

/** For messages. */
export function describeOwner(owner: string): string {
  const [host, pid] = owner.split("/");
  return host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`;
}
