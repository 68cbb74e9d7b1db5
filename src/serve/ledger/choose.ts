import type { DeploymentDefinition, PoolDefinition } from "../../manifest/manifest";
import type { FlowRun } from "../../runs";
import { type Full, whyFull, whyPaused } from "../../runs/submit";

export interface Held {
  run: FlowRun;
  reason: string;
  /** The name of the state that it waits in. */
  name: "Scheduled" | "AwaitingConcurrencySlot";
}

export interface Limits {
  pools: Readonly<Record<string, PoolDefinition>>;
  /** By name, as they are now. */
  deployments: ReadonlyMap<string, DeploymentDefinition>;
}

/**
 * Decide which runs to submit now: by the priority of their work queues (1 goes first; a queue without one comes last, as a new one of
 * Prefect's does), then the oldest first, as many as the limits leave room for.
 *
 * The ledger has the last word when a run takes its slot; this spares it asking for every run that waits.
 * @param waiting SCHEDULED ones
 * @param holding those that hold a slot
 */
export function choose(
  waiting: readonly FlowRun[],
  holding: readonly FlowRun[],
  { pools, deployments }: Limits,
): { submit: FlowRun[]; held: Held[] } {
  const taken = new Map<string, number>();
  const take = (run: FlowRun) => {
    for (const place of placesOf(run)) taken.set(place, (taken.get(place) ?? 0) + 1);
  };
  for (const run of holding) take(run);

  const submit: FlowRun[] = [];
  const held: Held[] = [];
  for (const run of inOrder(waiting, pools)) {
    const pool = pools[run.workPool];
    const deployment = deployments.get(run.deployment);
    if (pool?.isPaused) {
      held.push({ run, reason: whyPaused(run), name: "Scheduled" });
      continue;
    }
    const limits = [pool?.concurrencyLimit, pool?.queues?.[run.workQueue]?.concurrencyLimit, deployment?.concurrencyLimit];
    const full = fullOf(placesOf(run), limits, taken);
    // With CANCEL_NEW it ends instead of waiting, which is the submission's to see to.
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

/** What a run takes a place in, in the order of {@link KINDS}. */
function placesOf({ workPool, workQueue, deployment }: FlowRun): string[] {
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

function inOrder(runs: readonly FlowRun[], pools: Limits["pools"]): FlowRun[] {
  const priority = ({ workPool, workQueue }: FlowRun) =>
    pools[workPool]?.queues?.[workQueue]?.priority ?? (workQueue === "default" ? 1 : Number.MAX_SAFE_INTEGER);
  // Ids are UUIDs of version 7: in the order of their making.
  return [...runs].sort((a, b) => priority(a) - priority(b) || (a.id < b.id ? -1 : 1));
}
