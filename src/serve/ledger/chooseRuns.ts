import type { DeploymentInManifest, PoolDefinition } from "../../manifest/manifest";
import type { Run } from "../../runs";
import { type Full, whyFull, whyPaused, whyPausedHere } from "../../runs/whyWaiting";

export interface WaitingRun {
  run: Run;
  reason: string;
  /** The name of the state in which it waits. */
  name: "Scheduled" | "AwaitingConcurrencySlot";
}

export interface RunLimits {
  pools: Readonly<Record<string, PoolDefinition>>;
  /** Those that are paused in the ledger, whatever the manifest says. @default none */
  pausedHere?: ReadonlySet<string>;
  /** By name, as they are now. */
  deployments: ReadonlyMap<string, DeploymentInManifest>;
}

/**
 * Decide which runs to submit now, as many as the limits allow. Runs are ordered by the priority of their work queues (1 goes first), then
 * by age. A queue without a priority comes last, like a new queue in Prefect.
 *
 * The ledger decides finally when a run takes its slot. This function only avoids asking it for every waiting run.
 * @param waiting SCHEDULED runs
 * @param holding runs that hold a slot
 */
export function chooseRuns(
  waiting: readonly Run[],
  holding: readonly Run[],
  { pools, pausedHere = new Set(), deployments }: RunLimits,
): { submit: Run[]; held: WaitingRun[] } {
  const taken = new Map<string, number>();
  const take = (run: Run) => {
    for (const place of placesOf(run)) taken.set(place, (taken.get(place) ?? 0) + 1);
  };
  for (const run of holding) take(run);

  const submit: Run[] = [];
  const held: WaitingRun[] = [];
  for (const run of inOrder(waiting, pools)) {
    const pool = pools[run.workPool];
    const deployment = deployments.get(run.deployment);
    if (pool?.isPaused) {
      held.push({ run, reason: whyPaused(run), name: "Scheduled" });
      continue;
    }
    if (pausedHere.has(run.workPool)) {
      held.push({ run, reason: whyPausedHere(run), name: "Scheduled" });
      continue;
    }
    const limits = [pool?.concurrencyLimit, pool?.queues?.[run.workQueue]?.concurrencyLimit, deployment?.concurrencyLimit];
    const full = fullOf(placesOf(run), limits, taken);
    // With CANCEL_NEW the run ends instead of waiting. The submission sees to that.
    if (full && !(full.of === "deployment" && deployment?.collisionStrategy === "CANCEL_NEW")) {
      held.push({ run, reason: whyFull(run, full), name: "AwaitingConcurrencySlot" });
      continue;
    }
    if (!full) take(run);
    submit.push(run);
  }
  return { submit, held };
}

const KINDS = ["pool", "queue", "deployment"] as const;

/** The limits in which a run takes a place, in the order of {@link KINDS}. */
function placesOf({ workPool, workQueue, deployment }: Run): string[] {
  return [
    ["pool", workPool],
    ["queue", workPool, workQueue],
    ["deployment", deployment],
  ].map((place) => JSON.stringify(place));
}

function fullOf(
  places: readonly string[],
  limits: readonly (number | null | undefined)[],
  taken: ReadonlyMap<string, number>,
): Full | undefined {
  for (const [index, of] of KINDS.entries()) {
    const limit = limits[index] ?? null;
    if (limit !== null && (taken.get(places[index] as string) ?? 0) >= limit) return { of, limit };
  }
  return undefined;
}

function inOrder(runs: readonly Run[], pools: RunLimits["pools"]): Run[] {
  const priority = ({ workPool, workQueue }: Run) =>
    pools[workPool]?.queues?.[workQueue]?.priority ?? (workQueue === "default" ? 1 : Number.MAX_SAFE_INTEGER);
  // Ids are UUIDs of version 7, so they sort by creation time.
  return [...runs].sort((a, b) => priority(a) - priority(b) || (a.id < b.id ? -1 : 1));
}
