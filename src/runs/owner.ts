import { hostname } from "node:os";
import type { RunRecord } from "../ledger";
import { processName } from "../processName";
import type { RunsContext } from "./runsContext";

/** The submissions that this process is working on. */
const live = new Set<string>();
let count = 0;

/**
 * Do `work` as the owner of a run's submission. The owner's name goes into the ledger: this process's lease, and a number. A process that
 * finds a run whose owner is gone takes it up.
 *
 * The run is released however the work ends. Then nobody waits for a finished owner only because its process still lives.
 */
export async function asOwner<T extends { record: RunRecord }>(
  { ledger, lease }: Pick<RunsContext, "ledger" | "lease">,
  runId: string,
  work: (owner: string) => Promise<T>,
): Promise<T> {
  const held = await lease.hold();
  count += 1;
  const owner = `${held}/${count}`;
  live.add(owner);
  let isOwned = true;
  try {
    const result = await work(owner);
    isOwned = result.record.owner === owner;
    return result;
  } finally {
    live.delete(owner);
    try {
      if (isOwned) await letGo({ ledger }, runId, owner);
    } finally {
      await lease.release(held);
    }
  }
}

async function letGo({ ledger }: Pick<RunsContext, "ledger">, runId: string, owner: string): Promise<void> {
  for (;;) {
    const record = await ledger.read(runId);
    if (record?.owner !== owner) return;
    if (await ledger.change(runId, record.run.version, { owner: null })) return;
  }
}

/** Whether this process still owns a submission. Others may have taken it up if this process was stopped for a while. */
export function stillOwns({ lease }: Pick<RunsContext, "lease">, owner: string): Promise<boolean> {
  return lease.has(leaseOf(owner));
}

/** Whether the owner still works on the submission, if this process can know it. */
export async function ownerLives({ lease }: Pick<RunsContext, "lease">, owner: string): Promise<boolean> {
  return live.has(owner) || (!isOwn(owner) && (await lease.lives(leaseOf(owner))));
}

/** The lease of an owner's process. */
export const leaseOf = (owner: string) => owner.slice(0, owner.lastIndexOf("/"));

/** Whether this process has had that name: it is done with what it no longer works on. */
function isOwn(owner: string): boolean {
  const [, pid, start] = owner.split("/");
  const [, ownPid, ownStart] = processName().split("/");
  return pid === ownPid && start === ownStart;
}

/** The owner, for messages. */
export function describeOwner(owner: string): string {
  const [host = "", pid] = owner.split("/");
  const [name] = host.split("~");
  return name === hostname() ? `process ${pid}` : `process ${pid} on ${name}`;
}
