import { isJsonObject, type Json, type JsonObject } from "../json";
import { suggestion } from "../nearest";
import { timingFault } from "./occurrences";
import { readSchedule } from "./schedule";

/**
 * A declared schedule, in the format of Prefect's API. The ledger stores this format, and a Prefect server receives it. An absent field is not
 * managed: it keeps its value on the server.
 */
export interface DeclaredSchedule {
  /** Its timing: one of `cron`, `interval` (seconds) and `rrule`, with the fields that belong to it. */
  schedule: JsonObject;
  active?: boolean;
  max_scheduled_runs?: number | null;
  parameters?: JsonObject;
  /** Identifies the schedule in later deployments. */
  slug?: string | null;
  /** The slug of the schedule that this one replaces. */
  replaces?: string;
}

/** The kinds of schedules. */
export const KINDS = ["cron", "interval", "rrule"] as const;
/** The fields that set the timing, by kind. */
export const TIMING: Record<(typeof KINDS)[number], readonly string[]> = {
  cron: ["cron", "timezone", "day_or"],
  interval: ["interval", "anchor_date", "timezone"],
  rrule: ["rrule", "timezone"],
};
/** The other fields, by their names in a program. */
export const BESIDE = ["active", "slug", "parameters", "max_scheduled_runs"] as const;

/**
 * Read a schedule of a Pulumi program, which has no {@link programFaults}. A program writes all fields side by side, as prefect.yaml does.
 */
export function scheduleFromProgram(words: JsonObject): DeclaredSchedule {
  const kind = KINDS.find((one) => words[one] !== undefined) ?? "cron";
  const { active, slug, parameters, max_scheduled_runs: most, replaces } = words;
  return {
    schedule: pickFields(words, TIMING[kind]),
    ...(typeof active === "boolean" ? { active } : {}),
    ...(typeof slug === "string" ? { slug } : {}),
    ...(parameters === undefined ? {} : { parameters: parameters as JsonObject }),
    ...(most === undefined ? {} : { max_scheduled_runs: most as number | null }),
    ...(typeof replaces === "string" ? { replaces } : {}),
  };
}

/** Write a schedule as a Pulumi program does. */
export function toProgram({ schedule, replaces, ...beside }: DeclaredSchedule): JsonObject {
  return { ...schedule, ...pickFields(beside, BESIDE), ...(replaces === undefined ? {} : { replaces }) };
}

/** The given fields among `names`, in that order. */
export function pickFields(fields: { [name: string]: Json | undefined }, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name] as Json]])));
}

/** The errors in the schedules of a Pulumi program, each with its path. */
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
    const twice =
      slugs.indexOf(slugs[index] as string) < index ? [`${at}.slug "${slugs[index]}" is already the slug of another schedule`] : [];
    const seconds = kind === "interval" && !(typeof schedule.interval === "number" && schedule.interval > 0);
    const timing = seconds ? undefined : timingProblem(pickFields(schedule, TIMING[kind]));
    return [
      ...unknown.map((key) => `${at}.${key} is not a field of a schedule with ${kind}: ${suggestion(key, known)}`),
      ...(seconds ? [`${at}.interval must be a number of seconds greater than 0`] : []),
      ...(timing === undefined ? [] : [`${at}.${timing}`]),
      ...twice,
    ];
  });
}

/** The error in a timing, if there is one. It begins with the name of the field. */
function timingProblem(timing: JsonObject): string | undefined {
  const read = readSchedule({ schedule: timing });
  return "fault" in read ? read.fault.replace(/^schedule\./, "") : timingFault(read.schedule);
}

/** The slug of a schedule. If it is not given, it comes from the schedule's position. */
export function slugOf(schedule: Pick<DeclaredSchedule, "slug"> | null, index: number): string {
  return typeof schedule?.slug === "string" ? schedule.slug : `schedule-${index + 1}`;
}
