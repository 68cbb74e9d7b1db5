import { isJsonObject, type Json, type JsonObject } from "../json";
import { suggestion } from "../nearest";
import { timingFault } from "./occurrences";
import { readSchedule } from "./schedule";

/**
 * A schedule as somebody declares it, in the form of Prefect's API: the ledger keeps it so, and a server gets it so. What is absent is not
 * managed: on a server it stays as it is.
 */
export interface DeclaredSchedule {
  /** When: one of `cron`, `interval` (seconds) and `rrule`, with what belongs to it. */
  schedule: JsonObject;
  active?: boolean;
  max_scheduled_runs?: number | null;
  parameters?: JsonObject;
  /** By it the schedule is known again. */
  slug?: string | null;
  /** The slug of the schedule that this one takes the place of. */
  replaces?: string;
}

/** The kinds of schedules. */
export const KINDS = ["cron", "interval", "rrule"] as const;
/** What belongs to the timing of each kind. */
export const TIMING: Record<(typeof KINDS)[number], readonly string[]> = {
  cron: ["cron", "timezone", "day_or"],
  interval: ["interval", "anchor_date", "timezone"],
  rrule: ["rrule", "timezone"],
};
/** What stands beside the timing, in a program's words. */
export const BESIDE = ["active", "slug", "parameters", "max_scheduled_runs"] as const;

/**
 * Read a schedule of a Pulumi program, which has passed {@link programFaults}. A program writes timing and the rest side by side, as prefect.yaml does.
 */
export function fromProgram(words: JsonObject): DeclaredSchedule {
  const kind = KINDS.find((one) => words[one] !== undefined) ?? "cron";
  const { active, slug, parameters, max_scheduled_runs: most, replaces } = words;
  return {
    schedule: pick(words, TIMING[kind]),
    ...(typeof active === "boolean" ? { active } : {}),
    ...(typeof slug === "string" ? { slug } : {}),
    ...(parameters === undefined ? {} : { parameters: parameters as JsonObject }),
    ...(most === undefined ? {} : { max_scheduled_runs: most as number | null }),
    ...(typeof replaces === "string" ? { replaces } : {}),
  };
}

/** The same in the words of a program. */
export function toProgram({ schedule, replaces, ...beside }: DeclaredSchedule): JsonObject {
  return { ...schedule, ...pick(beside, BESIDE), ...(replaces === undefined ? {} : { replaces }) };
}

/** Those of the fields that are there, in this order. */
export function pick(fields: { [name: string]: Json | undefined }, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name] as Json]])));
}

/** What is wrong with the schedules of a Pulumi program, each fault with its path. */
export function programFaults(schedules: Json): string[] {
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
    const timing = seconds ? undefined : timingProblem(pick(schedule, TIMING[kind]));
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

/** A slug that is not given goes by the schedule's place. */
export function slugOf(schedule: Pick<DeclaredSchedule, "slug"> | null, index: number): string {
  return typeof schedule?.slug === "string" ? schedule.slug : `schedule-${index + 1}`;
}
