import { inTurn, type Note } from "../cloud/notes";
import type { InfrastructureId, SharedNotes, Started } from "../target";
import { type SendNote, type TaskNote, taskNote } from "./ecsNotes";
import type { EcsRequest } from "./ecsRequest";
import type { ReadyDefinition } from "./registeredDefinitions";

/** A task that was started, and what to note about it. */
interface Sent {
  /** The note of the attempt. */
  note: Note<SendNote>;
  sent: SendNote & { id: InfrastructureId };
  task: Omit<TaskNote, "at">;
}

/**
 * Note what was started. A crash leaves the note of the attempt at least.
 * @param started as of `Target.submit`
 * @returns the id that counts: another process may have written it first
 */
export async function recordSend(notes: SharedNotes, { note, sent, task }: Sent, started?: Started): Promise<InfrastructureId> {
  let { id } = sent;
  const noteTask = () => taskNote(notes, id).create({ at: note.now(), ...task });
  await inTurn(notes, [
    async () => {
      id = (await note.rewrite((known) => (known?.id === undefined ? sent : known)))?.id ?? id;
    },
    noteTask,
    async () => started?.(id),
  ]);
  if (id !== sent.id) await noteTask();
  return id;
}

/** What is stored about a run's task, besides the time. */
export function taskOf(
  { timeoutSeconds, startTimeoutSeconds, deregister }: EcsRequest,
  { arn, container, logs }: ReadyDefinition,
): Omit<TaskNote, "at"> {
  return {
    ...(container === undefined ? {} : { container }),
    ...(logs ? { logs } : {}),
    timeoutSeconds,
    startTimeoutSeconds,
    ...(deregister ? { deregister: arn } : {}),
  };
}
