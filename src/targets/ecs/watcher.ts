import type { InfrastructureId, Observation, SharedNotes } from "../target";
import type { EcsApi } from "./ecsApi";
import { parseId } from "./names";
import { observationOf, STOP_REASON, type TaskFacts } from "./outcome";
import { noteEnd, readEnd, readTask, type TaskNote } from "./taskNotes";

/** ECS describes so many tasks a call. */
const TOGETHER = 100;
/** Those who ask at about the same time are answered by the same calls, in milliseconds. */
const GATHER = 15;

interface Waiting {
  id: InfrastructureId;
  resolve: (observation: Observation) => void;
  reject: (error: unknown) => void;
}

/** Looks at tasks, for all who watch in this process together. */
export interface Watcher {
  observe(id: InfrastructureId): Promise<Observation>;
  /** Ask a task to stop that was past its time limit when it was last looked at: ECS itself has none. One never looked at is left alone. */
  enforceLimit(id: InfrastructureId): Promise<void>;
}

/** @param settle for so long after it was started a task that ECS does not show may only be late, in milliseconds */
export function openWatcher({ api, notes, settle }: { api: EcsApi; notes: SharedNotes; settle: number }): Watcher {
  let waiting: Waiting[] = [];
  const missingSince = new Map<InfrastructureId, number>();
  const known = new Map<InfrastructureId, TaskNote>();
  const stopping = new Set<InfrastructureId>();
  const latest = new Map<InfrastructureId, TaskFacts>();

  async function noteOf(id: InfrastructureId): Promise<TaskNote | undefined> {
    const note = known.get(id) ?? (await readTask(notes, id));
    if (note) known.set(id, note);
    return note;
  }

  async function told(id: InfrastructureId, facts: TaskFacts | undefined): Promise<Observation> {
    const note = await noteOf(id);
    if (!facts) {
      latest.delete(id);
      return gone(id, note);
    }
    missingSince.delete(id);
    const observation = observationOf(facts, note?.container);
    if (observation.phase === "ended") {
      latest.delete(id);
      await noteEnd(notes, id, observation);
    } else latest.set(id, facts);
    return observation;
  }

  async function enforceLimit(id: InfrastructureId): Promise<void> {
    const facts = latest.get(id);
    const note = await noteOf(id);
    if (!facts || !note || facts.desiredStatus === "STOPPED") return;
    const { startedAt, createdAt } = facts;
    const { timeoutSeconds, startTimeoutSeconds } = note;
    const [since, limit, reason] =
      startedAt === undefined ? [createdAt, startTimeoutSeconds, STOP_REASON.pending] : [startedAt, timeoutSeconds, STOP_REASON.running];
    if (since === undefined || limit === null || Date.now() < since + limit * 1000 || stopping.has(id)) return;
    stopping.add(id);
    await api.stopTask(parseId(id), reason).finally(() => stopping.delete(id));
  }

  /** ECS forgets a task about an hour after its end. */
  async function gone(id: InfrastructureId, note: TaskNote | undefined): Promise<Observation> {
    const end = await readEnd(notes, id);
    if (end) return end;
    const now = Date.now();
    const since = missingSince.get(id) ?? now;
    missingSince.set(id, since);
    if (now < (note ? note.at : since) + settle) return { phase: "pending", message: "ECS does not show the task yet" };
    const reason =
      "ECS does not know the task any more: it forgets one an hour after its end, and nobody looked before; its log may tell more";
    const lost: Observation & { phase: "ended" } = {
      phase: "ended",
      outcome: { kind: "lost", reason },
      endedAt: new Date(now).toISOString(),
    };
    await noteEnd(notes, id, lost);
    return (await readEnd(notes, id)) ?? lost;
  }

  async function answer(): Promise<void> {
    const asked = waiting;
    waiting = [];
    const byCluster = Map.groupBy(new Set(asked.map(({ id }) => id)), (id) => parseId(id).cluster);
    const seen = new Map<InfrastructureId, Promise<Observation>>();
    for (const [cluster, ids] of byCluster) {
      for (let from = 0; from < ids.length; from += TOGETHER) {
        const some = ids.slice(from, from + TOGETHER);
        const described = api.describeTasks(
          cluster,
          some.map((id) => parseId(id).task),
        );
        for (const id of some)
          seen.set(
            id,
            described.then((all) => told(id, all.get(parseId(id).task)?.facts)),
          );
      }
    }
    for (const { id, resolve, reject } of asked) seen.get(id)?.then(resolve, reject);
  }

  return {
    enforceLimit,
    observe: (id) =>
      new Promise((resolve, reject) => {
        waiting.push({ id, resolve, reject });
        if (waiting.length === 1) setTimeout(answer, GATHER);
      }),
  };
}
