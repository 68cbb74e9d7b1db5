import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "../json";
import { suggestion } from "../nearest";
import type { Schedule, ScheduleChange } from "./api/deployments";

/**
 * One schedule, in the words of prefect.yaml: one of `cron`, `interval` (seconds) and `rrule`, with `timezone`, `anchor_date`, `day_or`,
 * and `active`, `slug`, `parameters`, `max_scheduled_runs`.
 */
export type GivenSchedule = JsonObject;

const KINDS = ["cron", "interval", "rrule"] as const;
const TIMING: Record<(typeof KINDS)[number], readonly string[]> = {
  cron: ["cron", "timezone", "day_or"],
  interval: ["interval", "anchor_date", "timezone"],
  rrule: ["rrule", "timezone"],
};
const BESIDE = ["active", "slug", "parameters", "max_scheduled_runs"];

/** What is wrong with a list of schedules, each fault with its path. */
export function scheduleFaults(schedules: Json): string[] {
  if (!Array.isArray(schedules)) return ["schedules must be a list"];
  const slugs = schedules.map((schedule, index) => slugOf(schedule as JsonObject, index));
  return schedules.flatMap((schedule, index) => {
    const at = `schedules[${index}]`;
    if (schedule === null || typeof schedule !== "object" || Array.isArray(schedule)) return [`${at} must be an object`];
    const kinds = KINDS.filter((kind) => schedule[kind] !== undefined);
    const [kind] = kinds;
    if (kind === undefined || kinds.length > 1) return [`${at} must have one of cron, interval and rrule`];
    const known = [...TIMING[kind], ...BESIDE];
    const unknown = Object.keys(schedule).filter((key) => !known.includes(key));
    const twice = slugs.indexOf(slugs[index] as string) < index ? [`${at}.slug "${slugs[index]}" is that of another schedule`] : [];
    const seconds = kind === "interval" && !(typeof schedule.interval === "number" && schedule.interval > 0);
    return [
      ...unknown.map((key) => `${at}.${key} is no setting of a schedule with ${kind}: ${suggestion(key, known)}`),
      ...(seconds ? [`${at}.interval must be a number of seconds greater than 0`] : []),
      ...twice,
    ];
  });
}

/**
 * Each schedule is known by its slug, so that a change is one of that schedule and the others keep their runs. One without a slug gets
 * one by its place.
 */
function slugOf(schedule: JsonObject | null, index: number): string {
  return typeof schedule?.slug === "string" ? schedule.slug : `schedule-${index + 1}`;
}

/** In the API's form. */
export function scheduleBodies(schedules: readonly GivenSchedule[]): (ScheduleChange & { slug: string; schedule: JsonObject })[] {
  return schedules.map((given, index) => {
    const kind = KINDS.find((one) => given[one] !== undefined) ?? "cron";
    const timing = Object.fromEntries(TIMING[kind].flatMap((key) => (given[key] === undefined ? [] : [[key, given[key] as Json]])));
    return {
      schedule: timing,
      active: given.active !== false,
      slug: slugOf(given, index),
      ...(given.parameters === undefined ? {} : { parameters: given.parameters as JsonObject }),
      ...(given.max_scheduled_runs === undefined ? {} : { max_scheduled_runs: given.max_scheduled_runs as number | null }),
    };
  });
}

export interface ScheduleSteps {
  create: (ScheduleChange & { slug: string })[];
  patch: { id: string; change: ScheduleChange }[];
  remove: string[];
}

/** What turns the schedules that are there into the given ones, and leaves alone those that are the same. */
export function scheduleSteps(given: readonly GivenSchedule[], there: readonly Schedule[]): ScheduleSteps {
  const steps: ScheduleSteps = { create: [], patch: [], remove: [] };
  const left = new Set(there);
  const take = (is: (schedule: Schedule) => boolean) => {
    const found = [...left].find(is);
    if (found) left.delete(found);
    return found;
  };
  const bySlug = scheduleBodies(given).map((body, index) => ({
    body,
    named: typeof given[index]?.slug === "string",
    found: take(({ slug }) => slug === body.slug),
  }));
  for (const { body, named, found: known } of bySlug) {
    // `prefect deploy` gives no slugs: one of its schedules that says the same is the same.
    const found = known ?? (named ? undefined : take((schedule) => schedule.slug === null && saysTheSame(body, schedule)));
    if (!found) steps.create.push(body);
    else if (!saysTheSame(body, found)) steps.patch.push({ id: found.id, change: { parameters: {}, max_scheduled_runs: null, ...body } });
  }
  steps.remove = [...left].map(({ id }) => id);
  return steps;
}

/** Whether nothing is to be done. */
export function sameSchedules(given: readonly GivenSchedule[], there: readonly Schedule[]): boolean {
  const { create, patch, remove } = scheduleSteps(given, there);
  return create.length + patch.length + remove.length === 0;
}

/** As a program would give what is there. */
export function asGiven(there: readonly Schedule[]): GivenSchedule[] {
  return there.map(({ schedule, active, slug, parameters, max_scheduled_runs }) => ({
    ...schedule,
    active,
    ...(slug === null ? {} : { slug }),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    ...(max_scheduled_runs === null ? {} : { max_scheduled_runs }),
  }));
}

/** What the server fills in (a time zone, an anchor date, a DTSTART) is no difference. */
function saysTheSame(body: ScheduleChange & { schedule: JsonObject }, there: Schedule): boolean {
  return (
    body.active === there.active &&
    isDeepStrictEqual(body.parameters ?? {}, there.parameters) &&
    (body.max_scheduled_runs ?? null) === there.max_scheduled_runs &&
    Object.entries(body.schedule).every(([key, value]) => sameSetting(key, value, there.schedule[key] ?? null))
  );
}

function sameSetting(key: string, given: Json, there: Json): boolean {
  if (given === there) return true;
  if (typeof given !== "string" || typeof there !== "string") return false;
  if (key === "anchor_date") return Date.parse(given) === Date.parse(there);
  return key === "rrule" && !given.includes("DTSTART") && there.replace(/^DTSTART[^\n]*\n/, "") === given;
}
