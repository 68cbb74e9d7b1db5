import type { InfrastructureId, Observation } from "../target";
import type { Note } from "./notes";

export type End = Observation & { phase: "ended" };

/** Infrastructure that a cloud does not show: it may be late, or it existed and is gone. */
export interface Absences {
  /** The cloud shows it. */
  seen(id: InfrastructureId): void;
  /**
   * The cloud does not show it: return its noted end, pending, or lost.
   * @param sentAt in milliseconds, by the clock of the notes @default the time when it was first missing
   */
  gone(id: InfrastructureId, sentAt?: number): Promise<Observation>;
}

/**
 * @param settle how long after it was sent infrastructure may be invisible, in milliseconds
 * @param endNote where an end is noted
 * @param late the run's message while it may only be late
 * @param lost why the end is unknown
 */
export function openAbsences({
  settle,
  endNote,
  late,
  lost,
}: {
  settle: number;
  endNote: (id: InfrastructureId) => Note<End>;
  late: string;
  lost: string;
}): Absences {
  const missingSince = new Map<InfrastructureId, number>();
  return {
    seen: (id) => {
      missingSince.delete(id);
    },
    gone: async (id, sentAt) => {
      const note = endNote(id);
      const end = await note.value();
      if (end) return end;
      const now = note.now();
      const since = missingSince.get(id) ?? now;
      missingSince.set(id, since);
      if (now < (sentAt ?? since) + settle) return { phase: "pending", message: late };
      return { phase: "ended", outcome: { kind: "lost", reason: lost }, endedAt: new Date(since).toISOString() };
    },
  };
}

/** Note how it ended, for the time after the cloud has forgotten it. @returns the end that was noted first */
export async function firstEnd(note: Note<End>, end: End): Promise<End> {
  return (await note.update((noted) => noted ?? end)) as End;
}
