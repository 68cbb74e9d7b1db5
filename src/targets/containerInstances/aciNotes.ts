import type { End } from "../cloud/absences";
import { jsonNote, type Note, textNote } from "../cloud/notes";
import type { InfrastructureId, SharedNotes } from "../target";
import type { GroupPlace } from "./groupNames";
import type { StopNote } from "./groupOutcome";

/** The facts about a send: who sends it, and whether Azure took it. */
export interface SendNote {
  by: string;
  /** When it was last about to be sent, in milliseconds. */
  at: number;
  /** Azure has taken it. */
  taken?: boolean;
}

export function sendNote(notes: SharedNotes, id: InfrastructureId): Note<SendNote> {
  return jsonNote(notes, `aci/send/${id}`);
}

/** The facts about a group's run that are remembered, also after the group is deleted. */
export interface RunNote {
  /** When it was submitted, in milliseconds. */
  at: number;
  container: string;
  keep: boolean;
  timeoutSeconds: number | null;
  startTimeoutSeconds: number | null;
  /** Log Analytics workspace that gets its output. */
  workspace?: string;
  /** Region: Azure counts creations and deletions by it. */
  location?: string;
}

export function runNote(notes: SharedNotes, id: InfrastructureId): Note<RunNote> {
  return jsonNote(notes, `aci/run/${id}`);
}

/** When the run's container was first seen to have started, in milliseconds: Azure may start it again, and forgets the first start then. */
export function startNote(notes: SharedNotes, id: InfrastructureId): Note<number> {
  return jsonNote(notes, `aci/start/${id}`);
}

/** A stop of ours, noted before it is asked for: Azure does not say who stopped a group. */
export function stopNote(notes: SharedNotes, id: InfrastructureId): Note<StopNote> {
  return jsonNote(notes, `aci/stop/${id}`);
}

/** How it ended: noted when it is first seen, because Azure may start it again, and somebody may delete the group. */
export function endNote(notes: SharedNotes, id: InfrastructureId): Note<End> {
  return jsonNote(notes, `aci/end/${id}`);
}

/** Where a resource group is. */
export function locationNote(notes: SharedNotes, { subscription, resourceGroup }: GroupPlace): Note<string> {
  return textNote(notes, `aci/location/${subscription}/${resourceGroup}`);
}

/** Resource groups that the runs of a pool of a stack went to, as their ids' beginnings. */
export function placesNote(notes: SharedNotes, stack: string, pool: string): Note<string[]> {
  return jsonNote(notes, `aci/places/${stack}/${pool}`);
}
