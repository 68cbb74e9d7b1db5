import { sameJson } from "../canonicalJson";
import type { Json, JsonObject } from "../json";
import {
  BESIDE,
  type DeclaredSchedule,
  KINDS,
  occurrencesOf,
  pick,
  RRULE_START,
  readSchedule,
  slugOf,
  TIMING,
  timingFault,
  toProgram,
} from "../schedules";
import type { ScheduleChange, ServerSchedule } from "./api/deployments";

/** A server takes a rule without a start as if it began at the time of the request, and refuses by the hour what it took before. */
function sent(timing: JsonObject): JsonObject {
  const { rrule } = timing;
  return typeof rrule === "string" && !/DTSTART/i.test(rrule) ? { ...timing, rrule: `${RRULE_START}\n${rrule}` } : timing;
}

/**
 * As the API takes them. A server knows each schedule by its slug, so that a change is one of that schedule and the others keep their runs; one
 * without a slug gets one by its place.
 */
export function toApi(schedules: readonly DeclaredSchedule[]): (ScheduleChange & { slug: string; schedule: JsonObject })[] {
  const taken = new Set(schedules.flatMap((given) => slugIn(given) ?? []));
  return schedules.map(({ schedule, active, slug, parameters, max_scheduled_runs }, index) => ({
    schedule: sent(pick(schedule, TIMING[kindOf(schedule) ?? "cron"])),
    ...(active === undefined ? {} : { active }),
    slug: slugIn({ slug }) ?? free(slugOf({ slug }, index), taken),
    ...(parameters === undefined ? {} : { parameters }),
    ...(max_scheduled_runs === undefined ? {} : { max_scheduled_runs }),
  }));
}

export interface ScheduleSteps {
  create: (ScheduleChange & { slug: string })[];
  patch: { id: string; change: ScheduleChange }[];
  remove: string[];
}

type Body = ReturnType<typeof toApi>[number];
/** A given schedule, and the one on the server that it is, if any. */
interface Pair {
  given: DeclaredSchedule;
  body: Body;
  /** Whether its slug is given. */
  isNamed: boolean;
  found?: ServerSchedule;
}

const isUnnamed = (slug: string | null | undefined) => (slug ?? null) === null || /^schedule-\d+$/.test(String(slug));
const slugIn = (given: Pick<DeclaredSchedule, "slug">) => (typeof given.slug === "string" ? given.slug : undefined);

/**
 * What stops the given schedules from taking the place of those on the server: a new slug that another schedule holds. Prefect refuses that too.
 * @returns a sentence for each, which begins with the schedule's place
 */
export function renameFaults(given: readonly DeclaredSchedule[], there: readonly ServerSchedule[]): string[] {
  const slugs = new Set(there.map(({ slug }) => slug));
  return given.flatMap(({ slug, replaces }, index) =>
    typeof replaces === "string" &&
    slug !== replaces &&
    slugs.has(replaces) &&
    typeof slug === "string" &&
    slugs.has(slug) &&
    !isReplaced(given, slug)
      ? [
          `schedules[${index}].replaces: the deployment has both a schedule "${replaces}" and a schedule "${slug}": remove one of them first`,
        ]
      : [],
  );
}

const isReplaced = (given: readonly DeclaredSchedule[], slug: string) => given.some(({ replaces }) => replaces === slug);

/**
 * Which schedule that is there each of the given ones is; and those that are none of them. A schedule keeps its id, and so its pause, for as long as it can be
 * known again: by `replaces`, by its slug, by what it says, by its place, or as the only one that is left.
 */
function pairs(given: readonly DeclaredSchedule[], there: readonly ServerSchedule[]): { pairs: Pair[]; left: ServerSchedule[] } {
  const left = new Set(there);
  const bodies = toApi(given);
  const all: Pair[] = given.map((one, index) => ({ given: one, body: bodies[index] as Body, isNamed: slugIn(one) !== undefined }));
  const named = all.filter(({ isNamed }) => isNamed);
  const nameless = all.filter(({ isNamed }) => !isNamed);
  const slugsThere = new Set(there.map(({ slug }) => slug));
  const slugsGiven = new Set<string | null | undefined>(named.map(({ body }) => body.slug));
  const match = (among: readonly Pair[], is: (pair: Pair, schedule: ServerSchedule) => boolean) => {
    for (const pair of among) {
      if (pair.found) continue;
      const found = [...left].find((schedule) => is(pair, schedule));
      if (!found) continue;
      left.delete(found);
      pair.found = found;
    }
  };
  match(all, ({ given: { replaces }, body, isNamed }, schedule) => {
    if (typeof replaces !== "string" || schedule.slug !== replaces) return false;
    // After the first time the new slug is there, and the old one may be another schedule by now.
    return !isNamed || !slugsThere.has(body.slug) || isReplaced(given, body.slug);
  });
  match(named, ({ body }, schedule) => schedule.slug === body.slug);
  // `prefect deploy` gives a slug to none that has none.
  match(nameless, (pair, schedule) => isUnnamed(schedule.slug) && saysTheSame(pair, schedule));
  match(nameless, ({ body }, schedule) => isUnnamed(schedule.slug) && hasTiming(body, schedule));
  // One that got a slug, got another, or lost it.
  match(named, ({ body }, schedule) => !slugsGiven.has(schedule.slug) && hasTiming(body, schedule));
  match(nameless, ({ body }, schedule) => !slugsGiven.has(schedule.slug) && hasTiming(body, schedule));
  match(nameless, ({ body }, schedule) => schedule.slug === body.slug);
  // The one that is left of its kind is the one that was changed.
  const isOnly = (kind: string | undefined) =>
    nameless.filter((pair) => !pair.found && kindOf(pair.body.schedule) === kind).length === 1 &&
    [...left].filter((schedule) => !slugsGiven.has(schedule.slug) && kindOf(schedule.schedule) === kind).length === 1;
  match(nameless, ({ body }, schedule) => {
    const kind = kindOf(body.schedule);
    return !slugsGiven.has(schedule.slug) && kindOf(schedule.schedule) === kind && isOnly(kind);
  });
  // A server that knows no slugs has no other way to tell which one was changed.
  match(all, (_, schedule) => schedule.slug === undefined);
  return { pairs: all, left: [...left] };
}

/** Whether a given slug is another than the server has; one that knows none (before Prefect 3.2) has none to change. */
const isOtherSlug = ({ isNamed, body }: Pair, found: ServerSchedule) => isNamed && found.slug !== undefined && body.slug !== found.slug;

const kindOf = (timing: JsonObject) => KINDS.find((kind) => timing[kind] !== undefined && timing[kind] !== null);

/** What turns the schedules that are there into the given ones, and leaves alone those that are the same, and what is not given. */
export function scheduleSteps(given: readonly DeclaredSchedule[], there: readonly ServerSchedule[]): ScheduleSteps {
  const { pairs: all, left } = pairs(given, there);
  const steps: ScheduleSteps = { create: [], patch: [], remove: left.map(({ id }) => id) };
  const taken = new Set([
    ...all.flatMap(({ given: one, found }) => slugIn(one) ?? found?.slug ?? []),
    ...left.flatMap(({ slug }) => slug ?? []),
  ]);
  for (const pair of all) {
    const { body, isNamed, found } = pair;
    if (!found) steps.create.push({ ...body, active: body.active !== false, slug: isNamed ? body.slug : free(body.slug, taken) });
    else if (!saysTheSame(pair, found)) steps.patch.push({ id: found.id, change: changeOf(pair, found) });
  }
  return steps;
}

/** What differs. A server empties the parameters of a schedule with every change that does not name them. */
function changeOf(pair: Pair, found: ServerSchedule): ScheduleChange {
  const { body } = pair;
  const { slug, schedule, ...others } = body;
  const { anchor_date } = found.schedule;
  const isMoved = schedule.interval !== undefined && schedule.anchor_date === undefined && typeof anchor_date === "string";
  return {
    parameters: found.parameters,
    ...others,
    ...(hasTiming(body, found) ? {} : { schedule: isMoved ? { ...schedule, anchor_date } : schedule }),
    ...(isOtherSlug(pair, found) ? { slug } : {}),
  };
}

/** The slug, or where it is another's by now the next by number. */
function free(slug: string, taken: Set<string>): string {
  let one = slug;
  for (let number = 1; isUnnamed(one) && taken.has(one); number += 1) one = `schedule-${number}`;
  taken.add(one);
  return one;
}

/** The schedules that differ, by slug, as they are and as they are given; what is not given is no difference. */
export function scheduleDifferences(
  given: readonly DeclaredSchedule[],
  there: readonly ServerSchedule[],
): { from: JsonObject; to: JsonObject } {
  const { pairs: all, left } = pairs(given, there);
  const from: JsonObject = {};
  const to: JsonObject = {};
  for (const pair of all) {
    const { given: one, body, found } = pair;
    if (found && saysTheSame(pair, found)) continue;
    const { slug: _, replaces: __, ...declared } = one;
    const wanted = toProgram(declared);
    const isRenamed = found !== undefined && isOtherSlug(pair, found);
    to[body.slug] = { ...wanted, ...(isRenamed ? { slug: body.slug } : {}) };
    if (!found) continue;
    const before = Object.entries(spoken(found)).filter(([key]) => key in wanted || (!FILLED.has(key) && !isBeside(key)));
    from[body.slug] = { ...Object.fromEntries(before), ...(isRenamed && typeof found.slug === "string" ? { slug: found.slug } : {}) };
  }
  for (const [index, schedule] of left.entries()) from[schedule.slug ?? `unnamed-${index + 1}`] = spoken(schedule);
  return { from, to };
}

const FILLED = new Set(["timezone", "anchor_date", "day_or"]);
const isBeside = (key: string) => (BESIDE as readonly string[]).includes(key);

function spoken(schedule: ServerSchedule): JsonObject {
  const { slug: _, ...rest } = toProgram(fromServer(schedule));
  return rest;
}

/** Whether nothing is to be done. */
export function sameSchedules(given: readonly DeclaredSchedule[], there: readonly ServerSchedule[]): boolean {
  const { create, patch, remove } = scheduleSteps(given, there);
  return create.length + patch.length + remove.length === 0;
}

/** All of what is there, with nothing left to the server. */
export function exactly(there: readonly ServerSchedule[]): DeclaredSchedule[] {
  return there.map((schedule) => ({ ...fromServer(schedule), parameters: schedule.parameters }));
}

/** What is there, as one would declare it: without what is empty. */
export function fromServer({ schedule, active, slug, parameters, max_scheduled_runs }: Omit<ServerSchedule, "id">): DeclaredSchedule {
  return {
    schedule,
    active,
    ...(typeof slug === "string" ? { slug } : {}),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    ...(max_scheduled_runs === null ? {} : { max_scheduled_runs }),
  };
}

/** Whether all that is given is so on the server. */
function saysTheSame(pair: Pair, there: ServerSchedule): boolean {
  const { body } = pair;
  return (
    (body.active ?? there.active) === there.active &&
    !isOtherSlug(pair, there) &&
    sameJson(body.parameters ?? there.parameters, there.parameters) &&
    (body.max_scheduled_runs === undefined || body.max_scheduled_runs === there.max_scheduled_runs) &&
    hasTiming(body, there)
  );
}

/** What the server fills in (a time zone, an anchor date, a DTSTART) is no difference. */
function hasTiming(body: Body, there: ServerSchedule): boolean {
  return Object.entries(body.schedule).every(([key, value]) => sameSetting(key, value, there.schedule[key] ?? null));
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
