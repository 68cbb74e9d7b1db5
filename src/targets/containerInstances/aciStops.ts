import { UserError } from "../../userError";
import { lookFor } from "../cloud/lookFor";
import type { InfrastructureId, Observation, SharedNotes } from "../target";
import type { AciApi } from "./aciApi";
import { runNote, stopNote } from "./aciNotes";
import { asFailure } from "./azureFailures";
import { parseId } from "./groupNames";
import type { GroupFacts, StopNote } from "./groupOutcome";

/** How long to wait for a group of an ended run to stop, in milliseconds. Azure gives its containers less than a minute. */
const MAX_STOP = 120_000;
const PAUSES = { first: 200, longest: 5_000 };

/** After so many looks at a group that cannot be stopped yet, about two seconds, it is deleted if its container has not started. */
const PENDING_LOOKS = 4;

/** Stops container groups. */
export interface Stops {
  /** Ask a run to stop, and note why. */
  stop(id: InfrastructureId, why: StopNote, signal?: AbortSignal): Promise<void>;
  /**
   * Stop the containers that continue after a run's end: a sidecar, or a container that Azure started again. Azure must show that it has
   * stopped.
   * @param keep whether the group is not deleted afterwards
   * @throws {UserError} if it does not stop: the next watcher tries again
   */
  stopRest(id: InfrastructureId, keep: boolean, signal?: AbortSignal): Promise<void>;
}

export function openStops({
  api,
  notes,
  look,
  readLog,
}: {
  api: AciApi;
  notes: SharedNotes;
  look(id: InfrastructureId, signal?: AbortSignal): Promise<Observation | undefined>;
  /** Read what a run has written, before it is lost. */
  readLog(id: InfrastructureId, signal?: AbortSignal): Promise<void>;
}): Stops {
  /**
   * Azure does not stop a group while another operation on it is under way. If its container has not started yet, pushpool deletes the
   * group instead.
   */
  async function stopGroup(id: InfrastructureId, signal: AbortSignal | undefined): Promise<void> {
    let looks = 0;
    await lookFor(
      async () => {
        try {
          await api.stop(parseId(id), signal);
          return true;
        } catch (error) {
          signal?.throwIfAborted();
          if (asFailure(error).kind !== "transitioning") throw error;
        }
        looks += 1;
        const seen = await look(id, signal);
        if (seen?.phase === "ended") return true;
        if (seen?.phase !== "pending" || looks <= PENDING_LOOKS) return undefined;
        await api.delete(parseId(id), (await runNote(notes, id).value())?.location, signal);
        return true;
      },
      { ...PAUSES, signal },
    );
  }

  return {
    async stop(id, why, signal) {
      // Before the request: then everyone who sees the end knows that it was us.
      const first = await stopNote(notes, id).create(why);
      // After the stop, Azure has only the end of its output.
      await readLog(id, signal);
      try {
        await stopGroup(id, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (first && asFailure(error).kind !== "unclear") await stopNote(notes, id).remove();
        throw error;
      }
    },
    async stopRest(id, keep, signal) {
      try {
        await api.stop(parseId(id), signal);
      } catch (error) {
        signal?.throwIfAborted();
        // Azure stops no group that is still starting, such as one whose command cannot start. It deletes such a group.
        if (keep || asFailure(error).kind !== "transitioning") throw error;
        return;
      }
      const isOver = async () => {
        const found = await api.get(parseId(id), signal);
        return !found || !goesOn(found.facts) || undefined;
      };
      if (await lookFor(isOver, { until: Date.now() + MAX_STOP, ...PAUSES, signal })) return;
      throw new UserError(`container group "${parseId(id).group}" of an ended run does not stop: pushpool tries again at the next look`);
    },
  };
}

/** Whether one of a group's containers runs, or is about to. */
export function goesOn({ state, containers }: GroupFacts): boolean {
  return state !== "Stopped" && containers.some(({ currentState }) => currentState?.state !== "Terminated");
}
