import { formatDuration } from "../duration";
import type { JsonObject, Value, ValueObject } from "../json";
import { isJsonObject } from "../json";
import type { RunSummary } from "../ledger/ledger";
import type { DeploymentInManifest } from "../manifest/manifest";
import type { Run } from "../model/run";
import { occurrencesOf, readSchedule, type Schedule } from "../schedules";
import type { DeploymentRow, Json, PoolVariable, RecentRun, ScheduleInfo } from "./wire";

/** How many next times of a schedule are shown. */
const NEXT = 5;

/** A deployment, wherever it is defined. */
export interface KnownDeployment {
  name: string;
  definition: DeploymentInManifest;
  from: DeploymentRow["from"];
  /** Fields of its file that have no effect here. */
  kept: JsonObject;
  deployedAt: number | undefined;
}

/** The first of the next times of several schedules. */
export function nextOf(schedules: readonly ScheduleInfo[]): string | undefined {
  return schedules.flatMap(({ next }) => next.slice(0, 1)).sort()[0];
}

/** A run in a strip. */
export function recent({ id, name, state, createdAt, startedAt, endedAt }: RunSummary | Run): RecentRun {
  return { id, name, state, createdAt, ...(startedAt === undefined ? {} : { startedAt }), ...(endedAt === undefined ? {} : { endedAt }) };
}

/** A deployment's schedules in words, with their next times. */
export function scheduleInfos({ definition, deployedAt }: KnownDeployment, now: number): ScheduleInfo[] {
  return (definition.schedules ?? []).map((given) => {
    const schedule = readSchedule(given);
    if ("fault" in schedule) return { description: `invalid: ${schedule.fault}`, active: false, next: [] };
    return {
      description: inWords(schedule),
      active: schedule.active,
      next: schedule.active ? nextTimes(schedule, deployedAt ?? now, now) : [],
    };
  });
}

/** A schedule as people write it. */
function inWords({ schedule }: Schedule): string {
  if ("cron" in schedule) return `cron ${schedule.cron} (${schedule.timezone})`;
  if ("rrule" in schedule) return `rrule ${schedule.rrule.replaceAll(/\s+/g, " ")} (${schedule.timezone})`;
  return `every ${formatDuration(schedule.interval * 1000)}`;
}

function nextTimes({ schedule }: Schedule, anchor: number, now: number): string[] {
  const times: string[] = [];
  try {
    for (const time of occurrencesOf(schedule, anchor).after(now)) {
      times.push(new Date(time).toISOString());
      if (times.length === NEXT) break;
    }
  } catch {
    // It never runs: `pushpool serve` says why.
  }
  return times;
}

/** The job variables that a pool's template declares. */
export function variablesOf(template: ValueObject, ofDeployment: ValueObject): PoolVariable[] {
  const shown = (value: Value) => JSON.parse(JSON.stringify(value)) as Json;
  const { properties } = (isJsonObject(template.variables) ? template.variables : {}) as ValueObject;
  const definitions = (template.variables as ValueObject | undefined)?.definitions;
  return Object.entries((isJsonObject(properties) ? properties : {}) as ValueObject).map(([name, given]) => {
    const { title, description, default: usual, ...schema } = (isJsonObject(given) ? given : {}) as ValueObject;
    return {
      name,
      title: typeof title === "string" ? title : null,
      description: typeof description === "string" ? description : null,
      ...(usual === undefined ? {} : { default: shown(usual) }),
      schema: shown({ ...schema, ...(definitions === undefined ? {} : { definitions }) }) as PoolVariable["schema"],
      ...(Object.hasOwn(ofDeployment, name) ? { ofDeployment: shown(ofDeployment[name] as Value) } : {}),
    };
  });
}
