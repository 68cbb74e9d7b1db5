import type { ContainerDefinition } from "@aws-sdk/client-ecs";
import pLimit from "p-limit";
import { type End, firstEnd, openAbsences } from "../cloud/absences";
import { gather } from "../cloud/gather";
import { timeOf } from "../cloud/notes";
import { inBatches } from "../cloud/pages";
import { openTimeLimits, type TimeLimits } from "../cloud/timeLimits";
import type { InfrastructureId, Observation, SharedNotes } from "../target";
import { ownContainerOf } from "./containers";
import type { EcsApi } from "./ecsApi";
import { parseId, type TaskName } from "./ecsNames";
import { endNote, type TaskNote, taskNote } from "./ecsNotes";
import { observationOf, STOP_REASON, type TaskFacts } from "./ecsOutcome";

/** How many tasks ECS describes in one call. */
const TOGETHER = 100;
/** Calls at the same time: a reply about a hundred tasks is long, and AWS allows twenty a second. */
const AT_A_TIME = 2;

type Described = { facts: TaskFacts; definition?: string };

/** Looks at tasks, for all watchers in this process together. */
export interface Watcher {
  observe(ids: readonly InfrastructureId[], signal?: AbortSignal): Promise<Map<InfrastructureId, Observation>>;
  /** See {@link TimeLimits.enforce}. ECS has no time limit for a task. */
  enforceLimit: TimeLimits["enforce"];
  /** When a task was created, in milliseconds, if a look of this process has shown it. */
  createdAt(id: InfrastructureId): number | undefined;
}

/** @param settle how long after its start a task that ECS does not show may only be late, in milliseconds */
export function openWatcher({ api, notes, settle }: { api: EcsApi; notes: SharedNotes; settle: number }): Watcher {
  const limit = pLimit(AT_A_TIME);
  const absences = openAbsences({
    settle,
    endNote: (id) => endNote(notes, id),
    late: "ECS does not show the task yet",
    lost: "ECS no longer knows the task: it stores a task for an hour after its end, and pushpool did not look in that time; its log may show more",
  });
  const known = new Map<InfrastructureId, TaskNote>();
  const created = new Map<InfrastructureId, number>();
  const limits = openTimeLimits(
    (id, phase, signal) => api.stopTask(parseId(id), STOP_REASON[phase], signal),
    () => timeOf(notes),
  );

  async function noteOf(id: InfrastructureId): Promise<TaskNote | undefined> {
    const note = known.get(id) ?? (await taskNote(notes, id).value());
    if (note) known.set(id, note);
    return note;
  }

  /** The containers of task definitions, by ARN, for tasks that ended with several of them. */
  const definitions = new Map<string, Promise<readonly ContainerDefinition[]>>();

  /** Add to an end what its task definition says about the containers: which are essential, and which is the run's. */
  async function withDefinition(facts: TaskFacts, arn: string | undefined): Promise<{ facts: TaskFacts; own: string | undefined }> {
    if (facts.containers.length < 2 || arn === undefined) return { facts, own: ownContainerOf(facts) };
    const asked =
      definitions.get(arn) ??
      // Without access to it, or if it was deleted, continue without it.
      api.describeTaskDefinition(arn).then(
        (found) => found?.definition.containerDefinitions ?? [],
        () => [],
      );
    definitions.set(arn, asked);
    const defined = await asked;
    // A container that is not in the definition was added by AWS, and is not essential.
    const isEssential = (name: string) =>
      defined.find((each) => each.name === name)?.essential ?? defined.some((each) => each.name === name);
    const containers = facts.containers.map((each) => (defined.length > 0 ? { ...each, essential: isEssential(each.name) } : each));
    return { facts: { ...facts, containers }, own: ownContainerOf(facts, defined) };
  }

  function told(id: InfrastructureId, described: Described | undefined): Observation | Promise<Observation> {
    const facts = described?.facts;
    if (facts?.createdAt !== undefined) created.set(id, facts.createdAt);
    const note = known.get(id);
    if (note && facts) {
      const observation = observationOf(facts, note.container);
      if (observation.phase !== "ended") return stillThere(id, facts, observation);
    }
    return toldInFull(id, described);
  }

  async function toldInFull(id: InfrastructureId, described: Described | undefined): Promise<Observation> {
    const note = await noteOf(id);
    if (!described) {
      limits.over(id);
      const seen = await absences.gone(id, note?.at);
      return seen.phase === "ended" ? firstEnd(endNote(notes, id), seen) : seen;
    }
    const observation = observationOf(described.facts, note?.container);
    if (observation.phase !== "ended") return stillThere(id, described.facts, observation);
    const { facts, own } = await withDefinition(described.facts, described.definition);
    const end = observationOf(facts, note?.container ?? own) as End;
    absences.seen(id);
    limits.over(id);
    await endNote(notes, id).create(end);
    return end;
  }

  function stillThere(id: InfrastructureId, facts: TaskFacts, observation: Observation): Observation {
    absences.seen(id);
    const { desiredStatus, createdAt, startedAt } = facts;
    const { timeoutSeconds = null, startTimeoutSeconds = null } = known.get(id) ?? {};
    if (desiredStatus === "STOPPED") limits.over(id);
    else limits.seen(id, { createdAt, startedAt, timeoutSeconds, startTimeoutSeconds });
    return observation;
  }

  return {
    enforceLimit: limits.enforce,
    createdAt: (id) => created.get(id),
    observe: gather<InfrastructureId, Observation>({
      groups: (ids) => [...Map.groupBy(ids, (id) => parseId(id).cluster).values()].flatMap((some) => inBatches(some, TOGETHER)),
      look: async (ids, tell, signal) => {
        const [{ cluster }] = ids.map(parseId) as [TaskName];
        const tasks = ids.map((id) => parseId(id).task);
        const described = await limit(() => api.describeTasks(cluster, tasks, signal));
        for (const id of ids) tell(id, told(id, described.get(parseId(id).task)));
      },
    }),
  };
}
