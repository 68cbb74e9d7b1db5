import { sameJson } from "../canonicalJson";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { suggestion } from "../nearest";
import { occurrencesOf, RRULE_START, readSchedule, timingFault } from "../schedules";
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
    if (!isJsonObject(schedule)) return [`${at} must be an object`];
    const kinds = KINDS.filter((kind) => schedule[kind] !== undefined);
    const [kind] = kinds;
    if (kind === undefined || kinds.length > 1) return [`${at} must have one of cron, interval and rrule`];
    const known = [...TIMING[kind], ...BESIDE];
    const unknown = Object.keys(schedule).filter((key) => !known.includes(key));
    const twice = slugs.indexOf(slugs[index] as string) < index ? [`${at}.slug "${slugs[index]}" is that of another schedule`] : [];
    const seconds = kind === "interval" && !(typeof schedule.interval === "number" && schedule.interval > 0);
    const timing = seconds ? undefined : timingProblem(timingOf(kind, schedule));
    return [
      ...unknown.map((key) => `${at}.${key} is no setting of a schedule with ${kind}: ${suggestion(key, known)}`),
      ...(seconds ? [`${at}.interval must be a number of seconds greater than 0`] : []),
      ...(timing === undefined ? [] : [`${at}.${timing}`]),
      ...twice,
    ];
  });
}

/** What is wrong with a timing of the API's form, if anything: it begins with the field. */
function timingProblem(timing: JsonObject): string | undefined {
  const read = readSchedule({ schedule: timing });
  return "fault" in read ? read.fault.replace(/^schedule\./, "") : timingFault(read.schedule);
}

function timingOf(kind: (typeof KINDS)[number], given: GivenSchedule): JsonObject {
  return Object.fromEntries(TIMING[kind].flatMap((key) => (given[key] === undefined ? [] : [[key, given[key] as Json]])));
}

/** A server takes a rule without a start as if it began at the time of the request, and refuses by the hour what it took before. */
function sent(timing: JsonObject): JsonObject {
  const { rrule } = timing;
  return typeof rrule === "string" && !/DTSTART/i.test(rrule) ? { ...timing, rrule: `${RRULE_START}\n${rrule}` } : timing;
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
    return {
      schedule: sent(timingOf(kind, given)),
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

type Body = ReturnType<typeof scheduleBodies>[number];

/** Which schedule that is there each of the given ones is, if any; and those that are none of them. */
function pairs(
  given: readonly GivenSchedule[],
  there: readonly Schedule[],
): { bodies: { body: Body; found?: Schedule }[]; left: Schedule[] } {
  const left = new Set(there);
  const take = (is: (schedule: Schedule) => boolean): { found: Schedule } | undefined => {
    const found = [...left].find(is);
    if (found) left.delete(found);
    return found && { found };
  };
  const bodies: { body: Body; found?: Schedule }[] = scheduleBodies(given).map((body) => ({ body }));
  const isNamed = (index: number) => typeof given[index]?.slug === "string";
  const each = (named: boolean, match: (body: Body) => { found: Schedule } | undefined) => {
    for (const [index, pair] of bodies.entries()) if (isNamed(index) === named && !pair.found) Object.assign(pair, match(pair.body));
  };
  each(true, ({ slug }) => take((schedule) => schedule.slug === slug));
  // One without a slug is the one that says the same, wherever it stood, be it `prefect deploy`'s, which gives none; else that of its place.
  each(false, (body) => take((schedule) => isUnnamed(schedule.slug) && saysTheSame(body, schedule)));
  each(false, ({ slug }) => take((schedule) => schedule.slug === slug));
  return { bodies, left: [...left] };
}

const isUnnamed = (slug: string | null) => slug === null || /^schedule-\d+$/.test(slug);

/** What turns the schedules that are there into the given ones, and leaves alone those that are the same. */
export function scheduleSteps(given: readonly GivenSchedule[], there: readonly Schedule[]): ScheduleSteps {
  const { bodies, left } = pairs(given, there);
  const steps: ScheduleSteps = { create: [], patch: [], remove: left.map(({ id }) => id) };
  const taken = new Set(bodies.flatMap(({ body, found }) => found?.slug ?? (isUnnamed(body.slug) ? [] : [body.slug])));
  for (const { body, found } of bodies) {
    if (!found) steps.create.push({ ...body, slug: free(body.slug, taken) });
    else if (!saysTheSame(body, found)) steps.patch.push({ id: found.id, change: { parameters: {}, max_scheduled_runs: null, ...body } });
  }
  steps.remove = [...left].map(({ id }) => id);
  return steps;
}

/** The slug, or where it is another's by now the next by number. */
function free(slug: string, taken: Set<string>): string {
  let one = slug;
  for (let number = 1; isUnnamed(one) && taken.has(one); number += 1) one = `schedule-${number}`;
  taken.add(one);
  return one;
}

/** The schedules that differ, by slug, as they are and as they are given; what the server filled in is no difference. */
export function scheduleDifferences(given: readonly GivenSchedule[], there: readonly Schedule[]): { from: JsonObject; to: JsonObject } {
  const { bodies, left } = pairs(given, there);
  const from: JsonObject = {};
  const to: JsonObject = {};
  for (const [index, { body, found }] of bodies.entries()) {
    if (found && saysTheSame(body, found)) continue;
    const { slug: _, ...wanted } = given[index] as GivenSchedule;
    to[body.slug] = wanted;
    if (found) from[body.slug] = Object.fromEntries(Object.entries(spoken(found)).filter(([key]) => key in wanted || !FILLED.has(key)));
  }
  for (const [index, schedule] of left.entries()) from[schedule.slug ?? `unnamed-${index + 1}`] = spoken(schedule);
  return { from, to };
}

const FILLED = new Set(["timezone", "anchor_date", "day_or", "active"]);

function spoken(schedule: Schedule): JsonObject {
  const { slug: _, ...rest } = asGiven([schedule])[0] as GivenSchedule;
  return rest;
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
    sameJson(body.parameters ?? {}, there.parameters) &&
    (body.max_scheduled_runs ?? null) === there.max_scheduled_runs &&
    Object.entries(body.schedule).every(([key, value]) => sameSetting(key, value, there.schedule[key] ?? null))
  );
}

function sameSetting(key: string, given: Json, there: Json): boolean {
  if (given === there) return true;
  if (typeof given !== "string" || typeof there !== "string") return false;
  if (key === "anchor_date") return Date.parse(given) === Date.parse(there);
  return key === "rrule" && withoutStart(there) === withoutStart(given) && nextTimes(there) === nextTimes(given);
}

const withoutStart = (rrule: string) => rrule.replace(/^DTSTART[^\n]*\n/i, "");
/** So many times that are the same make two starts the same. */
const COMPARED = 50;

/** A server moves the start of a rule by minutes near the time when it is deployed; the times stay the same. */
function nextTimes(rrule: string): string {
  const read = readSchedule({ schedule: { rrule } });
  if ("fault" in read || timingFault(read.schedule) !== undefined) return rrule;
  const times: number[] = [];
  for (const time of occurrencesOf(read.schedule, 0).after(Date.now())) if (times.push(time) >= COMPARED) break;
  return times.join();
}
