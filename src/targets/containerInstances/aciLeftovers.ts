import { formatDuration } from "../../duration";
import { POOL_TAG, STACK_TAG } from "../../manifest/cloudNames";
import { UserError } from "../../userError";
import { lookFor } from "../cloud/lookFor";
import { type LeftoversOf, Removal } from "../cloud/removal";
import type { InfrastructureId, Leftovers } from "../target";
import type { AciApi, ListedGroup } from "./aciApi";
import { asFailure } from "./azureFailures";
import { formatId, type GroupPlace } from "./groupNames";

/** How long to wait until the deleted groups of a pool are gone, in milliseconds. */
const GONE_WITHIN = 120_000;

export interface AciLeftovers extends LeftoversOf {
  api: AciApi;
  /** Where the pool's runs went; a place may be named twice. */
  places: readonly GroupPlace[];
  /** Read what a run has written, before it is lost. */
  readLog(id: InfrastructureId): Promise<void>;
}

/** Delete the container groups of a pool's runs, and look until they are gone. */
export async function removeAciLeftovers(of: AciLeftovers): Promise<Leftovers> {
  const removal = new Removal(of);
  const places = new Map(of.places.map((place) => [`${place.subscription}/${place.resourceGroup}`.toLowerCase(), place]));
  for (const place of places.values())
    await removal.part(`deleting the container groups of its runs in resource group "${place.resourceGroup}"`, () =>
      removeFrom(place, of, removal),
    );
  return removal.done();
}

async function removeFrom(place: GroupPlace, of: AciLeftovers, removal: Removal): Promise<void> {
  const { api, readLog, signal } = of;
  const accepted = new Set<string>();
  let failed: { error: unknown } | undefined;
  for (const { name: group, location } of await listed(place, of)) {
    try {
      await readLog(formatId({ ...place, group }));
      await api.delete({ ...place, group }, location, signal);
      accepted.add(group);
    } catch (error) {
      signal.throwIfAborted();
      failed ??= { error };
    }
  }
  let left: ListedGroup[] = [];
  const allGone = async () => {
    left = (await listed(place, of)).filter(({ name }) => accepted.has(name));
    return left.length === 0 || undefined;
  };
  if (accepted.size > 0) await lookFor(allGone, { until: Date.now() + GONE_WITHIN, first: 100, longest: 5_000, signal });
  removal.count("container groups", accepted.size - left.length);
  if (failed) throw failed.error;
  if (left.length > 0)
    throw new UserError(
      `Azure accepted the deletion of container groups ${left.map(({ name }) => `"${name}"`).join(", ")}, and still shows them after ${formatDuration(GONE_WITHIN)}: run the command again, or delete them in the portal`,
      5,
    );
}

/** The pool's groups; none if the resource group is gone. */
async function listed(place: GroupPlace, { api, stack, pool, signal }: AciLeftovers): Promise<ListedGroup[]> {
  const all = await api.list(place, signal).catch((error) => {
    if (asFailure(error).kind === "missing") return [];
    throw error;
  });
  return all.filter(({ tags }) => tags[STACK_TAG] === stack && tags[POOL_TAG] === pool);
}
