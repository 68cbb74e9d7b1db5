import pLimit from "p-limit";
import { type End, firstEnd, openAbsences } from "../cloud/absences";
import { gather } from "../cloud/gather";
import { timeOf } from "../cloud/notes";
import { openTimeLimits, type TimeLimits } from "../cloud/timeLimits";
import type { InfrastructureId, Observation, SharedNotes } from "../target";
import type { AciApi } from "./aciApi";
import { endNote, type RunNote, runNote, startNote, stopNote } from "./aciNotes";
import { parseId } from "./groupNames";
import { observationOf, outcomeOfStop } from "./groupOutcome";

/** Calls at a time: Azure says how one group is, not how many are. */
const AT_A_TIME = 8;

/** Looks at container groups, for all who watch in this process together. */
export interface Watcher {
  observe(ids: readonly InfrastructureId[], signal?: AbortSignal): Promise<Map<InfrastructureId, Observation>>;
  /** See {@link TimeLimits.enforce}. Azure has no time limit for a group. */
  enforceLimit: TimeLimits["enforce"];
  /** Whether a run went on when it was last looked at. */
  goesOn(id: InfrastructureId): boolean;
}

/**
 * @param settle for so long after it was made a group that Azure does not show may only be late, in milliseconds
 * @param stop asks a run to stop that is past its time limit
 */
export function openWatcher({
  api,
  notes,
  settle,
  stop,
}: {
  api: AciApi;
  notes: SharedNotes;
  settle: number;
  stop: (id: InfrastructureId, phase: "pending" | "running", signal?: AbortSignal) => Promise<void>;
}): Watcher {
  const limit = pLimit(AT_A_TIME);
  const absences = openAbsences({
    settle,
    endNote: (id) => endNote(notes, id),
    late: "Azure does not show the container group yet",
    lost: "its container group no longer exists, and pushpool did not see it run",
  });
  const limits = openTimeLimits(stop, () => timeOf(notes));
  const known = new Map<InfrastructureId, RunNote>();
  const started = new Map<InfrastructureId, number>();
  const running = new Set<InfrastructureId>();

  async function noteOf(id: InfrastructureId): Promise<RunNote | undefined> {
    const note = known.get(id) ?? (await runNote(notes, id).value());
    if (note) known.set(id, note);
    return note;
  }

  /** Note when it was first seen to have started. */
  async function startOf(id: InfrastructureId, seen: string | undefined): Promise<number | undefined> {
    const found =
      started.get(id) ?? (await startNote(notes, id).update((first) => first ?? (seen === undefined ? undefined : Date.parse(seen))));
    if (found !== undefined) started.set(id, found);
    return found;
  }

  async function look(id: InfrastructureId, signal: AbortSignal): Promise<Observation> {
    const before = await endNote(notes, id).value();
    if (before) return before;
    const note = await noteOf(id);
    const found = await limit(() => api.get(parseId(id), signal));
    const stopped = await stopNote(notes, id).value();
    const startedAt = await startOf(id, undefined);
    if (!found) {
      running.delete(id);
      limits.over(id);
      const seen = await absences.gone(id, note?.at);
      if (seen.phase !== "ended") return seen;
      // A group is gone only if somebody has deleted it.
      const outcome = stopped
        ? outcomeOfStop(stopped)
        : startedAt === undefined
          ? seen.outcome
          : ({ kind: "cancelled", by: "someoneElse", reason: "its container group was deleted" } as const);
      return firstEnd(endNote(notes, id), {
        ...seen,
        outcome,
        ...(startedAt === undefined ? {} : { startedAt: new Date(startedAt).toISOString() }),
      });
    }
    absences.seen(id);
    const observation = observationOf(found.facts, { container: note?.container, startedAt, stop: stopped }, timeOf(notes));
    if (observation.phase === "ended") {
      running.delete(id);
      limits.over(id);
      return firstEnd(endNote(notes, id), observation as End);
    }
    if (observation.phase === "running") {
      running.add(id);
      await startOf(id, observation.startedAt);
    }
    const { at, timeoutSeconds = null, startTimeoutSeconds = null } = note ?? {};
    const since = observation.phase === "running" ? Date.parse(observation.startedAt) : undefined;
    if (stopped) limits.over(id);
    else limits.seen(id, { createdAt: at, startedAt: since, timeoutSeconds, startTimeoutSeconds });
    return observation;
  }

  return {
    enforceLimit: limits.enforce,
    goesOn: (id) => running.has(id),
    observe: gather<InfrastructureId, Observation>({
      groups: (ids) => [...ids].map((id) => [id]),
      look: async ([id], tell, signal) => tell(id as InfrastructureId, await look(id as InfrastructureId, signal)),
    }),
  };
}
