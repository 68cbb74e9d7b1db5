import type { End } from "../cloud/absences";
import { jsonNote, type Note, textNote } from "../cloud/notes";
import type { InfrastructureId, SharedNotes } from "../target";

/** Why an execution is cancelled, noted before it is: Google does not report who cancelled it. */
export function stopNote(notes: SharedNotes, id: InfrastructureId): Note<string> {
  return textNote(notes, `cloud-run/stop/${id}`);
}

/** How an execution ended, noted before its Job is removed. */
export function endNote(notes: SharedNotes, id: InfrastructureId): Note<End> {
  return jsonNote(notes, `cloud-run/end/${id}`);
}

/** Regions that the runs of a stack's pool went to, besides its default one. */
export function regionsNote(notes: SharedNotes, stack: string, pool: string): Note<string[]> {
  return jsonNote(notes, `cloud-run/regions/${stack}/${pool}`);
}

/** When a Job was seen ready, in ISO 8601: other runs with this configuration need not look again. */
export function jobNote(notes: SharedNotes, name: string): Note<string> {
  return textNote(notes, `cloud-run/job/${name}`);
}

/** Where to look for an attempt. */
export interface Whereabouts {
  /** Full name of its Job; ends in `/jobs/-` if only the region is known. */
  job: string;
  /** With a Job per run: the full name of its only execution. */
  own?: string;
}

/** What is known about a send. */
export interface SendNote extends Whereabouts {
  /** The sender: one call of `send`. */
  by: string;
  /** When it was last about to be sent, in milliseconds. */
  at: number;
  /** The execution, once it is known. */
  execution?: string;
}

export function sendNote(notes: SharedNotes, runId: string, attempt: number): Note<SendNote> {
  return jsonNote(notes, `cloud-run/send/${runId}/${attempt}`);
}
