import type { End } from "../cloud/absences";
import { jsonNote, type Note, textNote } from "../cloud/notes";
import type { InfrastructureId, SharedNotes } from "../target";
import type { LogPlace } from "./ecsRequest";

/** What is stored about a task for longer than ECS does. */
export interface TaskNote {
  /** When it was submitted, in milliseconds. */
  at: number;
  container?: string;
  logs?: LogPlace;
  timeoutSeconds: number | null;
  startTimeoutSeconds: number | null;
  /** The task definition to deregister after the run. */
  deregister?: string;
}

export function taskNote(notes: SharedNotes, id: InfrastructureId): Note<TaskNote> {
  return jsonNote(notes, `ecs/task/${id}`);
}

export function endNote(notes: SharedNotes, id: InfrastructureId): Note<End> {
  return jsonNote(notes, `ecs/end/${id}`);
}

/** What is known about a send: where it went, and its result. */
export interface SendNote {
  cluster?: string;
  at: number;
  id?: InfrastructureId;
}

export function sendNote(notes: SharedNotes, runId: string, attempt: number): Note<SendNote> {
  return jsonNote(notes, `ecs/send/${runId}/${attempt}`);
}

/** A task definition that is registered, or being registered. */
export interface DefinitionNote {
  arn?: string;
  /** The process that registers it, and the number of its try. */
  by?: string;
  claimed?: string;
  at: number;
}

/** @param place whose account it is in */
export function definitionNote(notes: SharedNotes, place: string, family: string, digest: string): Note<DefinitionNote> {
  return jsonNote(notes, `ecs/definition/${place}/${family}/${digest}`);
}

/** The family that tidying has looked at last. */
export function tidyNote(notes: SharedNotes, stack: string, pool: string): Note<string> {
  return textNote(notes, `ecs/tidy/${stack}/${pool}`);
}
