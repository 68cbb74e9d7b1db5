import { describeHost } from "../host";
import type { RunRecord } from "../ledger";
import { type FlowRun, isTerminal } from "../model/flowRun";
import type { PoolType } from "../model/poolType";
import { leaseOf } from "./owner";
import type { RunsContext } from "./runsContext";

// In a ledger that several machines share, the processes of a `process:push` run are on one of them, with their files in one home folder.
// Nobody else can observe, submit or stop them.

/** What else to record when a run is submitted: from then on it belongs to this host, where its submitter watches it. */
export function placedHere({ ledger, host }: Pick<RunsContext, "ledger" | "host">, poolType: PoolType, owner: string) {
  return ledger.shared && poolType === "process:push" ? { host: host(), watcher: leaseOf(owner) } : {};
}

/** The host of a run's processes, for messages, if they are not in reach. */
export function elsewhere({ host }: Pick<RunsContext, "host">, run: Pick<FlowRun, "host">): string | undefined {
  return run.host === undefined || run.host === host() ? undefined : describeHost(run.host, host());
}

/** Whether somebody on the run's host watches it. */
export async function isWatchedThere({ lease }: Pick<RunsContext, "lease">, { watcher }: RunRecord): Promise<boolean> {
  return watcher !== undefined && (await lease.lives(watcher));
}

/**
 * While `work` follows a run of this host, others learn that somebody here does: they may request to cancel it. The first watcher is enough.
 */
export async function asWatcher<T>(context: RunsContext, record: RunRecord, work: () => Promise<T>): Promise<T> {
  const { ledger, lease } = context;
  if (!ledger.shared || record.poolType !== "process:push" || elsewhere(context, record.run) !== undefined) return work();
  const watcher = await lease.hold();
  try {
    // Without a host it was not submitted yet: its submission records the watcher too.
    for (let now: RunRecord | undefined = record; now?.run.host !== undefined; now = await ledger.read(record.run.id)) {
      if (isTerminal(now.run.state) || (await isWatchedThere(context, now))) break;
      if (await ledger.change(now.run.id, now.run.version, { watcher }, "soon")) break;
    }
    return await work();
  } finally {
    await lease.release(watcher);
  }
}
