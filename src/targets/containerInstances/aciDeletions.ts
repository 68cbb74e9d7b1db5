import { formatDuration } from "../../duration";
import { UserError } from "../../userError";
import { lookFor } from "../cloud/lookFor";
import { jsonNote } from "../cloud/notes";
import type { InfrastructureId, SharedNotes } from "../target";
import type { AciApi } from "./aciApi";
import { asFailure } from "./azureFailures";
import { parseId } from "./groupNames";

/** How long to repeat a deletion while another operation on the group is under way, in milliseconds. */
const MAX_BUSY = 120_000;
/** How long to wait until a deleted group is gone, in milliseconds. Most are gone at the next look; users report up to 90 s. */
const GONE_WITHIN = 2_000;
/** After how long to ask again for a deletion that Azure has accepted and not done, in milliseconds. */
const AGAIN_AFTER = 600_000;
/** How many earlier deletions one clean-up looks at. */
export const EARLIER = 3;

const NOTES = "aci/deleting/";

/** A deletion that Azure has accepted, and that no look has proved yet. */
interface Deletion {
  /** When it was first asked for, and last, in milliseconds. */
  since: number;
  askedAt: number;
  location?: string;
}

/** Deletes container groups. Azure accepts a deletion before it has done it, so only a look proves it. */
export interface Deletions {
  /**
   * Delete a group, and look until it is gone.
   * @param location where it is, if known: its region's quota counts
   * @throws {UserError} if Azure still shows it after {@link GONE_WITHIN}: a later clean-up looks again
   */
  delete(id: InfrastructureId, location: string | undefined, signal?: AbortSignal): Promise<void>;
  /** A look has shown that it is gone. */
  gone(id: InfrastructureId): Promise<void>;
  /**
   * Look at earlier deletions that are not proved yet. If Azure has not done it after ten minutes, pushpool asks again.
   * @param most how many to look at
   * @returns a sentence for each that is overdue
   */
  proveEarlier(most: number, signal?: AbortSignal): Promise<string[]>;
}

/** @param goneWithin see {@link GONE_WITHIN}, `againAfter` see {@link AGAIN_AFTER}; in milliseconds */
export function openDeletions(
  { api, notes }: { api: AciApi; notes: SharedNotes },
  { goneWithin = GONE_WITHIN, againAfter = AGAIN_AFTER } = {},
): Deletions {
  const noteOf = (id: InfrastructureId) => jsonNote<Deletion>(notes, `${NOTES}${id}`);

  /** Ask for it once no other operation on the group is under way. */
  async function ask(id: InfrastructureId, location: string | undefined, signal?: AbortSignal): Promise<void> {
    const now = Date.now();
    await noteOf(id).update((known) => ({ since: now, ...known, askedAt: now, ...(location === undefined ? {} : { location }) }));
    const asked = async () => {
      try {
        await api.delete(parseId(id), location, signal);
        return true;
      } catch (error) {
        signal?.throwIfAborted();
        if (asFailure(error).kind !== "transitioning" || Date.now() >= now + MAX_BUSY) throw error;
        return undefined;
      }
    };
    await lookFor(asked, { first: 200, longest: 5_000, signal });
  }

  async function isGone(id: InfrastructureId, signal?: AbortSignal): Promise<boolean> {
    if ((await api.get(parseId(id), signal)) !== undefined) return false;
    await noteOf(id).remove();
    return true;
  }

  return {
    gone: (id) => noteOf(id).remove(),
    async delete(id, location, signal) {
      await ask(id, location, signal);
      const gone = async () => (await isGone(id, signal)) || undefined;
      if (await lookFor(gone, { until: Date.now() + goneWithin, first: 100, longest: 1_000, signal })) return;
      throw new UserError(unproved(id, goneWithin), 5);
    },
    async proveEarlier(most, signal) {
      const overdue: string[] = [];
      for (const key of await notes.noteKeys(NOTES, most)) {
        const id = key.slice(NOTES.length);
        const { since = 0, askedAt = 0, location } = (await noteOf(id).value()) ?? {};
        if ((await isGone(id, signal)) || Date.now() < askedAt + againAfter) continue;
        overdue.push(unproved(id, Date.now() - since));
        await ask(id, location, signal);
      }
      return overdue;
    },
  };
}

function unproved(id: InfrastructureId, since: number): string {
  return `Azure still shows container group "${parseId(id).group}" ${formatDuration(since)} after it accepted the deletion: pushpool looks again at the next clean-up. If the group stays, delete it in the portal: it may cost money`;
}
