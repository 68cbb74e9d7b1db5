import { hostname } from "node:os";
import type { Ledger, RunRecord } from "../ledger";
import { processLives, processName } from "../processName";

/** The submissions that this process is working on. */
const live = new Set<string>();
let count = 0;

/**
 * Do `work` as the owner of a run's submission. The owner's name goes into the ledger: host, pid, the pid's start time (so that a reused
 * pid differs) and a number. A process that finds a run whose owner is gone takes it up.
 *
 * The run is released however the work ends. Nobody then waits for an owner that is done, only because its process still lives.
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

/** Whether the owner still works on the submission, as far as this machine can know. */
export function ownerLives(owner: string): boolean {
  const name = owner.slice(0, owner.lastIndexOf("/"));
  return name === processName() ? live.has(owner) : processLives(name);
}

/** The owner, for messages. */
export function describeOwner(owner: string): string {
  const [host, pid] = owner.split("/");
  return host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`;
}
