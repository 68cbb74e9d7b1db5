import pLimit from "p-limit";
import { openAbsences } from "../cloud/absences";
import { ifThere } from "../cloud/failure";
import { GATHER, gather, type Tell } from "../cloud/gather";
import type { InfrastructureId, Observation, SharedNotes } from "../target";
import type { RunApi } from "./cloudRunApi";
import { parseExecutionName } from "./cloudRunNames";
import { endNote, stopNote } from "./cloudRunNotes";
import { isOver, needsTasks, observationOf } from "./cloudRunOutcome";
import type { ExecutionFacts } from "./facts";

/** Up to this many are read one by one; more with the list, a hundred in each call. */
const ONE_BY_ONE = 4;
/** Reads per second of all watchers in this process: a fifth of Google's default quota. */
const READS_A_SECOND = 10;
/** Calls at the same time. */
const AT_A_TIME = 8;

/** The times of an execution that reading its log needs, in ISO 8601. */
export interface ExecutionTimes {
  createTime?: string;
  endTime?: string;
}

/** Looks at executions, for all watchers in this process together. */
export interface Watcher {
  observe(ids: readonly InfrastructureId[], signal?: AbortSignal): Promise<Map<InfrastructureId, Observation>>;
  /** From the last look, or a new one. */
  times(id: InfrastructureId, signal?: AbortSignal): Promise<ExecutionTimes>;
}

/** @param settle how long after the first look an execution that Google does not show may only be late, in milliseconds */
export function openWatcher({ api, notes, settle }: { api: RunApi; notes: SharedNotes; settle: number }): Watcher {
  let notBefore = 0;
  const absences = openAbsences({
    settle,
    endNote: (id) => endNote(notes, id),
    late: "Cloud Run does not show the execution yet",
    lost: "its execution no longer exists: someone deleted it, or its job",
  });
  const times = new Map<InfrastructureId, ExecutionTimes>();
  const limit = pLimit(AT_A_TIME);
  let calls = 0;
  const count = () => {
    calls += 1;
    // Many executions need many calls: the next look waits until Google's quota has room.
    if (calls > ONE_BY_ONE) notBefore = Date.now() + (calls * 1000) / READS_A_SECOND;
  };

  const get = (id: InfrastructureId, signal: AbortSignal) =>
    limit(async () => {
      signal.throwIfAborted();
      count();
      return ifThere(api.getExecution(id, signal));
    });

  /**
   * Many in one region: read the list, newest first, until all are found. Those that it does not show are read by name. So are those that
   * ended without an end time, since the list has no times of conditions.
   */
  async function listed(wanted: Set<InfrastructureId>, tell: Tell<InfrastructureId, Observation>, signal: AbortSignal): Promise<void> {
    const [first = ""] = wanted;
    const { parent } = parseExecutionName(first);
    // Reading more of the list than this costs more than reading by name.
    const most = Math.max(2, wanted.size / 10);
    let page: string | undefined;
    for (let pages = 0; pages < most && wanted.size > 0; pages++) {
      count();
      const { items: executions, next } = await api.listExecutions(`${parent}/jobs/-`, "state", page, signal);
      // Return page by page: ten thousand executions would need much memory.
      for (const execution of executions) {
        const timeless = isOver(execution) && execution.completionTime === undefined && execution.deleteTime === undefined;
        if (!timeless && wanted.delete(execution.name)) tell(execution.name, told(execution.name, execution, signal));
      }
      page = next;
      if (page === undefined) break;
    }
  }

  function told(id: InfrastructureId, execution: ExecutionFacts, signal: AbortSignal): Observation | Promise<Observation> {
    absences.seen(id);
    if (isOver(execution)) return ended(id, execution, signal);
    if (!times.has(id)) times.set(id, execution.createTime === undefined ? {} : { createTime: execution.createTime });
    return observationOf(execution, undefined);
  }

  async function ended(id: InfrastructureId, execution: ExecutionFacts, signal: AbortSignal): Promise<Observation> {
    const task = needsTasks(execution)
      ? await limit(async () => {
          count();
          return ifThere(api.getTask(id, signal));
        })
      : undefined;
    const observation = observationOf(execution, task, await stopNote(notes, id).value());
    const { createTime } = execution;
    times.set(id, {
      ...(createTime === undefined ? {} : { createTime }),
      ...(observation.phase === "ended" ? { endTime: observation.endedAt } : {}),
    });
    return observation;
  }

  /** Google does not have it: it was cleaned up after its noted end, is not yet visible, or was deleted by someone. */
  async function gone(id: InfrastructureId): Promise<Observation> {
    const seen = await absences.gone(id);
    if (seen.phase === "ended") times.set(id, { endTime: seen.endedAt });
    return seen;
  }

  const observe = gather<InfrastructureId, Observation>({
    wait: () => Math.max(GATHER, notBefore - Date.now()),
    groups: (ids) => {
      calls = 0;
      return Map.groupBy(ids, (id) => parseExecutionName(id).parent).values();
    },
    look: async (ids, tell, signal) => {
      const wanted = new Set(ids);
      if (wanted.size > ONE_BY_ONE) await listed(wanted, tell, signal);
      for (const id of wanted)
        tell(
          id,
          get(id, signal).then((execution) => (execution ? told(id, execution, signal) : gone(id))),
        );
    },
  });
  return {
    observe,
    times: async (id, signal) => {
      const known = times.get(id);
      if (known?.endTime !== undefined) return known;
      await observe([id], signal);
      return times.get(id) ?? {};
    },
  };
}
