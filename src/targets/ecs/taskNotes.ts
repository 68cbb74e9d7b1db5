import type { InfrastructureId, Observation, SharedNotes } from "../target";
import type { LogPlace } from "./request";

/** What is remembered of a task beyond the hour for which ECS does. */
export interface TaskNote {
  /** When it was submitted, in milliseconds. */
  at: number;
  container?: string;
  logs?: LogPlace;
  timeoutSeconds: number | null;
  startTimeoutSeconds: number | null;
  /** The task definition to deregister when it is over. */
  deregister?: string;
}

export async function readTask(notes: SharedNotes, id: InfrastructureId): Promise<TaskNote | undefined> {
  const text = await notes.readNote(taskKey(id));
  return text === undefined ? undefined : (JSON.parse(text) as TaskNote);
}

export async function noteTask(notes: SharedNotes, id: InfrastructureId, note: TaskNote): Promise<void> {
  await notes.swapNote(taskKey(id), undefined, JSON.stringify(note));
}

type End = Observation & { phase: "ended" };

export async function readEnd(notes: SharedNotes, id: InfrastructureId): Promise<End | undefined> {
  const text = await notes.readNote(endKey(id));
  return text === undefined ? undefined : (JSON.parse(text) as End);
}

/** The first one stands. */
export async function noteEnd(notes: SharedNotes, id: InfrastructureId, end: End): Promise<void> {
  await notes.swapNote(endKey(id), undefined, JSON.stringify(end));
}

/** What is known of a send: where it went, and what came of it. */
export interface SendNote {
  cluster?: string;
  at: number;
  id?: InfrastructureId;
}

export async function readSend(
  notes: SharedNotes,
  runId: string,
  attempt: number,
): Promise<{ text: string | undefined; send: SendNote | undefined }> {
  const text = await notes.readNote(sendKey(runId, attempt));
  return { text, send: text === undefined ? undefined : (JSON.parse(text) as SendNote) };
}

/** @returns the id that stands: another process may have written it first */
export async function noteSend(notes: SharedNotes, runId: string, attempt: number, note: SendNote): Promise<SendNote> {
  for (;;) {
    const { text, send } = await readSend(notes, runId, attempt);
    if (send?.id !== undefined) return send;
    if (send !== undefined && note.id === undefined) return send;
    if (await notes.swapNote(sendKey(runId, attempt), text, JSON.stringify(note))) return note;
  }
}

function taskKey(id: InfrastructureId): string {
  return `ecs/task/${id}`;
}

function endKey(id: InfrastructureId): string {
  return `ecs/end/${id}`;
}

function sendKey(runId: string, attempt: number): string {
  return `ecs/send/${runId}/${attempt}`;
}
