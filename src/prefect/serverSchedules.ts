import { sameJson } from "../canonicalJson";
import type { Json, JsonObject } from "../json";
import {
  BESIDE,
  type DeclaredSchedule,
  KINDS,
  occurrencesOf,
  pickFields,
  RRULE_START,
  readSchedule,
  slugOf,
  TIMING,
  timingFault,
  toProgram,
} from "../schedules";
import type { ScheduleFields, ServerSchedule } from "./api/deployments";

/**
 * Fill in the start of a rule. Without one, a server takes the time of the request; the same rule can then be valid in one hour and refused
 * in the next.
 */
function sent(timing: JsonObject): JsonObject {
  const { rrule } = timing;
  return typeof rrule === "string" && !/DTSTART/i.test(rrule) ? { ...timing, rrule: `${RRULE_START}\n${rrule}` } : timing;
}

/**
 * Convert schedules to the API's form. The server identifies a schedule by its slug: a change then affects only that schedule, and the
 * others keep their runs. One without a slug gets one from its position.
 */
export function toApi(schedules: readonly DeclaredSchedule[]): (ScheduleFields & { slug: string; schedule: JsonObject })[] {
  const taken = new Set(schedules.flatMap((given) => slugIn(given) ?? []));
  return schedules.map(({ schedule, active, slug, parameters, max_scheduled_runs }, index) => ({
    schedule: sent(pickFields(schedule, TIMING[kindOf(schedule) ?? "cron"])),
    ...(active === undefined ? {} : { active }),
    slug: slugIn({ slug }) ?? free(slugOf({ slug }, index), taken),
    ...(parameters === undefined ? {} : { parameters }),
    ...(max_scheduled_runs === undefined ? {} : { max_scheduled_runs }),
  }));
}

export interface ScheduleSteps {
  create: (ScheduleFields & { slug: string })[];
  patch: { id: string; change: ScheduleFields }[];
  remove: string[];
}

type Body = ReturnType<typeof toApi>[number];
/** A given schedule and its match on the server, if there is one. */
interface Pair {
  given: DeclaredSchedule;
  body: Body;
  /** Whether the program gives its slug. */
  isNamed: boolean;
  found?: ServerSchedule;
}

const isUnnamed = (slug: string | null | undefined) => (slug ?? null) === null || /^schedule-\d+$/.test(String(slug));
const slugIn = (given: Pick<DeclaredSchedule, "slug">) => (typeof given.slug === "string" ? given.slug : undefined);

/**
 * Find schedules that cannot be renamed, since another schedule already has the new slug. Prefect refuses that too.
 * @returns one sentence for each, which begins with the schedule's position
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
 * Match the given schedules with those on the server; `left` are the ones without a match. A matched schedule keeps its id, and so its
 * pause. It matches by `replaces`, slug, content or position, or as the only one left.
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
    // After the first deployment the new slug exists, and the old one may be another schedule by then.
    return !isNamed || !slugsThere.has(body.slug) || isReplaced(given, body.slug);
  });
  match(named, ({ body }, schedule) => schedule.slug === body.slug);
  // `prefect deploy` gives no slug to a schedule without one.
  match(nameless, (pair, schedule) => isUnnamed(schedule.slug) && saysTheSame(pair, schedule));
  match(nameless, ({ body }, schedule) => isUnnamed(schedule.slug) && hasTiming(body, schedule));
  // Its slug was added, changed or removed.
  match(named, ({ body }, schedule) => !slugsGiven.has(schedule.slug) && hasTiming(body, schedule));
  match(nameless, ({ body }, schedule) => !slugsGiven.has(schedule.slug) && hasTiming(body, schedule));
  match(nameless, ({ body }, schedule) => schedule.slug === body.slug);
  // If one of its kind is left on each side, that one was changed.
  const isOnly = (kind: string | undefined) =>
    nameless.filter((pair) => !pair.found && kindOf(pair.body.schedule) === kind).length === 1 &&
    [...left].filter((schedule) => !slugsGiven.has(schedule.slug) && kindOf(schedule.schedule) === kind).length === 1;
  match(nameless, ({ body }, schedule) => {
    const kind = kindOf(body.schedule);
    return !slugsGiven.has(schedule.slug) && kindOf(schedule.schedule) === kind && isOnly(kind);
  });
  // A server without slugs offers no better way to match a changed schedule.
  match(all, (_, schedule) => schedule.slug === undefined);
  return { pairs: all, left: [...left] };
}

/** Whether the given slug differs from the server's. A server before Prefect 3.2 has no slugs to change. */
const isOtherSlug = ({ isNamed, body }: Pair, found: ServerSchedule) => isNamed && found.slug !== undefined && body.slug !== found.slug;

const kindOf = (timing: JsonObject) => KINDS.find((kind) => timing[kind] !== undefined && timing[kind] !== null);

/** The requests that turn the server's schedules into the given ones. They leave alone what is the same, and what is not given. */
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

/** The fields that differ. The server empties a schedule's parameters with every change that does not contain them. */
function changeOf(pair: Pair, found: ServerSchedule): ScheduleFields {
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

/** The slug; if it is generated and already taken, the next free number. */
function free(slug: string, taken: Set<string>): string {
  let one = slug;
  for (let number = 1; isUnnamed(one) && taken.has(one); number += 1) one = `schedule-${number}`;
  taken.add(one);
  return one;
}

/** The schedules that differ, by slug, before and after. A setting that is not given does not differ. */
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

/** Whether nothing differs. */
export function sameSchedules(given: readonly DeclaredSchedule[], there: readonly ServerSchedule[]): boolean {
  const { create, patch, remove } = scheduleSteps(given, there);
  return create.length + patch.length + remove.length === 0;
}

/** Declare the server's schedules completely, so that the server fills in nothing. */
export function exactly(there: readonly ServerSchedule[]): DeclaredSchedule[] {
  return there.map((schedule) => ({ ...fromServer(schedule), parameters: schedule.parameters }));
}

/** Declare a server's schedule, without empty fields. */
export function fromServer({ schedule, active, slug, parameters, max_scheduled_runs }: Omit<ServerSchedule, "id">): DeclaredSchedule {
  return {
    schedule,
    active,
    ...(typeof slug === "string" ? { slug } : {}),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    ...(max_scheduled_runs === null ? {} : { max_scheduled_runs }),
  };
}

/** Whether the server's schedule has all the given fields. */
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

/** The values that the server fills in (a time zone, an anchor date, a DTSTART) do not count as differences. */
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
/** Two starts count as the same if this many occurrences are the same. */
const COMPARED = 50;

/** The server may move a rule's start by minutes, to about the time of the deployment. The occurrences stay the same. */
function nextTimes(rrule: string): string {
  const read = readSchedule({ schedule: { rrule } });
  if ("fault" in read || timingFault(read.schedule) !== undefined) return rrule;
  const times: number[] = [];
  for (const time of occurrencesOf(read.schedule, 0).after(Date.now())) if (times.push(time) >= COMPARED) break;
  return times.join();
}
