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

/** Up to so many are asked for one by one; more by the list, a hundred a call. */
const ONE_BY_ONE = 4;
/** Reads a second of all watching in this process: a fifth of what Google grants by default. */
const READS_A_SECOND = 10;
/** Calls at a time. */
const AT_A_TIME = 8;

/** Times of an execution that reading its log needs, in ISO 8601. */
export interface Times {
  createTime?: string;
  endTime?: string;
}

/** Looks at executions, for all who watch in this process together. */
export interface Watcher {
  observe(ids: readonly InfrastructureId[]): Promise<Map<InfrastructureId, Observation>>;
  /** From the last look, or a new one. */
  times(id: InfrastructureId): Promise<Times>;
}

/** @param settle for so long after the first look an execution that Google does not show may only be late, in milliseconds */
export function openWatcher({ api, notes, settle }: { api: RunApi; notes: SharedNotes; settle: number }): Watcher {
  let notBefore = 0;
  const absences = openAbsences({
    settle,
    endNote: (id) => endNote(notes, id),
    late: "Cloud Run does not show the execution yet",
    lost: "its execution is no longer there: someone deleted it, or its job",
  });
  const times = new Map<InfrastructureId, Times>();
  const limit = pLimit(AT_A_TIME);
  let calls = 0;
  const count = () => {
    calls += 1;
    // What many watch costs many calls: the next look waits until Google's quota has room for it.
    if (calls > ONE_BY_ONE) notBefore = Date.now() + (calls * 1000) / READS_A_SECOND;
  };

  const get = (id: InfrastructureId) =>
    limit(async () => {
      count();
      return ifThere(api.getExecution(id));
    });

  /**
   * Many in one place: the list, newest first, until all are found. What it does not show is asked for by name, and so is what has ended
   * without a time of its end: the list does not say since when its conditions are as they are.
   */
  async function listed(wanted: Set<InfrastructureId>, tell: Tell<InfrastructureId, Observation>): Promise<void> {
    const [first = ""] = wanted;
    const { parent } = parseExecutionName(first);
    // A list that has to be walked for longer than this costs more than asking by name.
    const most = Math.max(2, wanted.size / 10);
    let page: string | undefined;
    for (let pages = 0; pages < most && wanted.size > 0; pages++) {
      count();
      const { items: executions, next } = await api.listExecutions(`${parent}/jobs/-`, "state", page);
      // Told page by page: kept until the last one, ten thousand would take much memory.
      for (const execution of executions) {
        const timeless = isOver(execution) && execution.completionTime === undefined && execution.deleteTime === undefined;
        if (!timeless && wanted.delete(execution.name)) tell(execution.name, told(execution.name, execution));
      }
      page = next;
      if (page === undefined) break;
    }
  }

  function told(id: InfrastructureId, execution: ExecutionFacts): Observation | Promise<Observation> {
    absences.seen(id);
    if (isOver(execution)) return ended(id, execution);
    if (!times.has(id)) times.set(id, execution.createTime === undefined ? {} : { createTime: execution.createTime });
    return observationOf(execution, undefined);
  }

  async function ended(id: InfrastructureId, execution: ExecutionFacts): Promise<Observation> {
    const task = needsTasks(execution)
      ? await limit(async () => {
          count();
          return ifThere(api.getTask(id));
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

  /** Google does not know it: cleaned up after its end, which was noted then; not yet shown; or deleted by someone. */
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
    look: async (ids, tell) => {
      const wanted = new Set(ids);
      if (wanted.size > ONE_BY_ONE) await listed(wanted, tell);
      for (const id of wanted)
        tell(
          id,
          get(id).then((execution) => (execution ? told(id, execution) : gone(id))),
        );
    },
  });
  return {
    observe,
    times: async (id) => {
      const known = times.get(id);
      if (known?.endTime !== undefined) return known;
      await observe([id]);
      return times.get(id) ?? {};
    },
  };
}
