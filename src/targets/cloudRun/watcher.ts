import pLimit from "p-limit";
import type { InfrastructureId, Observation, SharedNotes } from "../target";
import type { ExecutionFacts } from "./facts";
import { asFailure } from "./failures";
import { parseExecutionName } from "./names";
import { isOver, needsTasks, observationOf } from "./outcome";
import type { RunApi } from "./runApi";
import { endKey, stopKey } from "./runNotes";

/** Up to so many are asked for one by one; more by the list, a hundred a call. */
const ONE_BY_ONE = 4;
/** Those who ask at about the same time are answered by the same calls, in milliseconds. */
const GATHER = 15;
/** Reads a second of all watching in this process: a fifth of what Google grants by default. */
const READS_A_SECOND = 10;
/** Calls at a time. */
const AT_A_TIME = 8;

interface Waiting {
  id: InfrastructureId;
  resolve: (observation: Observation) => void;
  reject: (error: unknown) => void;
}

/** Takes what Google says of one execution; `undefined`: it does not know it. */
type Tell = (id: InfrastructureId, execution: ExecutionFacts | undefined) => void;

/** Times of an execution that reading its log needs, in ISO 8601. */
export interface Times {
  createTime?: string;
  endTime?: string;
}

/** Looks at executions, for all who watch in this process together. */
export interface Watcher {
  observe(id: InfrastructureId): Promise<Observation>;
  /** From the last look, or a new one. */
  times(id: InfrastructureId): Promise<Times>;
}

/** @param settle for so long after the first look an execution that Google does not show may only be late, in milliseconds */
export function openWatcher({ api, notes, settle }: { api: RunApi; notes: SharedNotes; settle: number }): Watcher {
  let waiting: Waiting[] = [];
  let scheduled = false;
  let notBefore = 0;
  const missingSince = new Map<InfrastructureId, number>();
  const times = new Map<InfrastructureId, Times>();
  const limit = pLimit(AT_A_TIME);
  let calls = 0;

  const get = (id: InfrastructureId) =>
    limit(async () => {
      calls += 1;
      try {
        return await api.getExecution(id);
      } catch (error) {
        if (asFailure(error).kind === "missing") return undefined;
        throw error;
      }
    });

  /** Many in one place: the list, newest first, until all are found; what it does not show is asked for by name. */
  async function listed(parent: string, wanted: Set<InfrastructureId>, tell: Tell): Promise<void> {
    // A list that has to be walked for longer than this costs more than asking by name.
    const most = Math.max(2, wanted.size / 10);
    let page: string | undefined;
    for (let pages = 0; pages < most && wanted.size > 0; pages++) {
      calls += 1;
      const { executions, next } = await api.listExecutions(`${parent}/jobs/-`, "state", page);
      // Told page by page: kept until the last one, ten thousand would take much memory.
      for (const execution of executions) if (wanted.delete(execution.name)) tell(execution.name, execution);
      page = next;
      if (page === undefined) break;
    }
  }

  async function look(ids: ReadonlySet<InfrastructureId>, tell: Tell): Promise<void> {
    const byPlace = Map.groupBy(ids, (id) => parseExecutionName(id).parent);
    for (const [parent, all] of byPlace) {
      const wanted = new Set(all);
      if (wanted.size > ONE_BY_ONE) await listed(parent, wanted, tell);
      await Promise.all([...wanted].map(async (id) => tell(id, await get(id))));
    }
  }

  async function told(id: InfrastructureId, execution: ExecutionFacts | undefined): Promise<Observation> {
    if (!execution) return gone(id);
    missingSince.delete(id);
    const over = isOver(execution);
    const task = needsTasks(execution)
      ? await limit(async () => {
          calls += 1;
          return api.getTask(id).catch((error) => {
            if (asFailure(error).kind === "missing") return undefined;
            throw error;
          });
        })
      : undefined;
    const stopAsked = over && (await notes.readNote(stopKey(id))) !== undefined;
    const observation = observationOf(execution, task, stopAsked);
    const { createTime } = execution;
    const endTime = observation.phase === "ended" ? observation.endedAt : undefined;
    const known = times.get(id);
    if (known?.createTime !== createTime || known?.endTime !== endTime)
      times.set(id, { ...(createTime === undefined ? {} : { createTime }), ...(endTime === undefined ? {} : { endTime }) });
    return observation;
  }

  /** Google does not know it: cleaned up after its end, which was noted then; not yet shown; or deleted by someone. */
  async function gone(id: InfrastructureId): Promise<Observation> {
    const end = await notes.readNote(endKey(id));
    if (end !== undefined) {
      const observation = JSON.parse(end) as Observation & { phase: "ended" };
      times.set(id, { endTime: observation.endedAt });
      return observation;
    }
    const since = missingSince.get(id) ?? Date.now();
    missingSince.set(id, since);
    if (Date.now() < since + settle) return { phase: "pending", message: "Cloud Run does not show the execution yet" };
    const endedAt = new Date(since).toISOString();
    times.set(id, { endTime: endedAt });
    return {
      phase: "ended",
      outcome: { kind: "lost", reason: "its execution is no longer there: someone deleted it, or its job" },
      endedAt,
    };
  }

  async function answer(): Promise<void> {
    scheduled = false;
    const asked = waiting;
    waiting = [];
    calls = 0;
    try {
      const byId = Map.groupBy(asked, ({ id }) => id);
      const answers: Promise<void>[] = [];
      await look(new Set(byId.keys()), (id, execution) => {
        const all = byId.get(id) ?? [];
        const answer = told(id, execution).then(
          (observation) => {
            for (const { resolve } of all) resolve(observation);
          },
          (error) => {
            for (const { reject } of all) reject(error);
          },
        );
        answers.push(answer);
      });
      await Promise.all(answers);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
    // What many watch costs many calls: the next look waits until Google's quota has room for it.
    notBefore = Date.now() + (calls <= ONE_BY_ONE ? 0 : (calls * 1000) / READS_A_SECOND);
    if (waiting.length > 0) schedule();
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setTimeout(answer, Math.max(GATHER, notBefore - Date.now()));
  }

  const observe = (id: InfrastructureId) =>
    new Promise<Observation>((resolve, reject) => {
      waiting.push({ id, resolve, reject });
      schedule();
    });
  return {
    observe,
    times: async (id) => {
      const known = times.get(id);
      if (known?.endTime !== undefined) return known;
      await observe(id);
      return times.get(id) ?? {};
    },
  };
}
