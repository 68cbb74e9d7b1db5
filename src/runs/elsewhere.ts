import type { RunRecord } from "../ledger";
import { describeHost } from "../machineName";
import { isTerminal, type Run } from "../model/run";
import { leaseOf } from "./owner";
import type { RunsContext } from "./runsContext";

// In a ledger that several machines share, the processes of a `process:push` run are on one of them, with their files in one home folder.
// Nobody else can observe, submit or stop them.

/** How often a watcher asks whether another one, which others know, still watches too; in milliseconds. */
const LOOK_AT_OTHERS = 10_000;

/** The additional values to record when a run is submitted: from then on it belongs to this host, and its submitter may watch it there. */
export function placedHere(
  { ledger, host, watched }: RunsContext,
  { run, poolType }: Pick<RunRecord, "run" | "poolType">,
  owner: string,
): { host?: string; watcher?: string | null } {
  if (!ledger.shared || poolType !== "process:push") return {};
  return { host: host(), watcher: watched.has(run.id) ? leaseOf(owner) : null };
}

/** The additional values to record when another attempt begins: any host may submit it. */
export function placedNowhere({ ledger }: Pick<RunsContext, "ledger">) {
  return ledger.shared ? { host: null, watcher: null } : {};
}

/** The host of a run's processes, for messages, if they are not in reach. */
export function elsewhere({ host }: Pick<RunsContext, "host">, run: Pick<Run, "host">): string | undefined {
  return run.host === undefined || run.host === host() ? undefined : describeHost(run.host, host());
}

/** Whether somebody on the run's host watches it, or is submitting it: he sees a request to cancel. */
export async function isWatchedThere({ lease }: Pick<RunsContext, "lease">, { watcher, owner }: RunRecord): Promise<boolean> {
  if (watcher !== undefined && (await lease.lives(watcher))) return true;
  return owner !== undefined && (await lease.lives(leaseOf(owner)));
}

/**
 * While `work` follows a run of this host, others learn that somebody here does: they may request to cancel it. They know one watcher; if
 * that one ends, another one takes its place.
 */
export function asWatcher<T>(context: RunsContext, record: RunRecord, work: () => Promise<T>): Promise<T> {
  const mustBeKnown = context.ledger.shared && record.poolType === "process:push" && elsewhere(context, record.run) === undefined;
  return mustBeKnown ? asKnownWatcher(context, record, work) : work();
}

async function asKnownWatcher<T>({ ledger, lease, watched, host }: RunsContext, record: RunRecord, work: () => Promise<T>): Promise<T> {
  const { id } = record.run;
  const watcher = await lease.hold();
  watched.set(id, (watched.get(id) ?? 0) + 1);
  const beKnown = async (before: RunRecord | undefined) => {
    // Without a host it was not submitted yet: its submission records the watcher too.
    for (let now = before; now?.run.host !== undefined; now = await ledger.read(id)) {
      if (isTerminal(now.run.state) || now.watcher === watcher || elsewhere({ host }, now.run) !== undefined) return;
      if (now.watcher !== undefined && (await lease.lives(now.watcher))) return;
      if (await ledger.change(id, now.run.version, { watcher }, "soon")) return;
    }
  };
  // Whoever follows the run reports a fault of the ledger.
  const lookAgain = setInterval(
    () =>
      void ledger
        .read(id)
        .then(beKnown, () => {})
        .catch(() => {}),
    LOOK_AT_OTHERS,
  );
  lookAgain.unref();
  try {
    await beKnown(record);
    return await work();
  } finally {
    clearInterval(lookAgain);
    const others = (watched.get(id) ?? 1) - 1;
    if (others > 0) watched.set(id, others);
    else watched.delete(id);
    await lease.release(watcher);
  }
}
