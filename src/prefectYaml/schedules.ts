import type { Json, JsonObject } from "../json";
import { labelFault } from "../manifest/nameFaults";
import { durationSeconds } from "../pydanticDuration";
import { type DeclaredSchedule, isTimeZone, MAX_INTERVAL, RRULE_START, timingFault } from "../schedules";
import { quoted } from "../shown";
import { UserError } from "../userError";
import type { DeploymentConfig } from "./model";

/** Prefect's own limit (`MAX_RRULE_LENGTH`). */
const MAX_RRULE_LENGTH = 6500;

/**
 * The schedules of a deployment, in the format of Prefect's API.
 * @throws {UserError} with the path of the field
 */
export function schedulesOf(config: DeploymentConfig, fill: (value: Json | undefined, field: string) => Json): JsonObject[] {
  const legacy = legacyOf(config);
  if (legacy && Object.hasOwn(config, "schedules")) throw new UserError("schedule and schedules are both given: keep only schedules");
  const given = legacy ? [legacy] : (config.schedules ?? []);
  const field = (index: number) => (legacy ? "schedule" : `schedules[${index}]`);
  const schedules = given.map((schedule, index) => scheduleOf(fill(schedule as JsonObject, field(index)) as JsonObject, field(index)));
  for (const key of ["slug", "replaces"] as const) {
    for (const [index, { [key]: value }] of schedules.entries()) {
      if (typeof value !== "string") continue;
      const fault = labelFault(value);
      if (fault !== undefined) throw new UserError(`${field(index)}.${key} ${fault}: ${quoted(value)}`);
      const first = schedules.findIndex((other) => other[key] === value);
      if (first < index)
        throw new UserError(`${field(index)}.${key}: ${field(first)} has ${quoted(value)} too, but each schedule needs a different one`);
    }
  }
  return schedules;
}

/** The old field `schedule`, if it is given. */
export function legacyOf({ schedule }: DeploymentConfig) {
  return schedule && Object.keys(schedule).length > 0 ? schedule : undefined;
}

/**
 * Read and check a schedule of a prefect.yaml. Missing fields get Prefect's defaults. Only `anchor_date` has none: without it, an interval counts
 * from the time of the deployment.
 * @param at the path in the deployment, for messages: `schedules[0]`
 * @throws {UserError} with the path of the field
 */
export function scheduleOf(
  config: JsonObject,
  at: string,
): Required<Omit<DeclaredSchedule, "replaces">> & Pick<DeclaredSchedule, "replaces"> {
  const { active, parameters, slug, replaces } = config;
  return {
    schedule: timing(config, at),
    active: active === null || active === undefined ? true : boolean(active, `${at}.active`),
    max_scheduled_runs: null,
    parameters: (parameters ?? {}) as JsonObject,
    slug: (slug || null) as string | null,
    ...(replaces ? { replaces: replaces as string } : {}),
  };
}

function timing({ cron, interval, rrule, timezone, anchor_date: anchor, day_or: dayOr }: JsonObject, at: string): JsonObject {
  const zone = typeof timezone === "string" && timezone !== "" ? checkedZone(timezone, `${at}.timezone`) : null;
  if (cron) {
    const day_or = dayOr === null || dayOr === undefined ? true : boolean(dayOr, `${at}.day_or`);
    const fault = timingFault({ cron: String(cron), timezone: zone ?? "UTC", day_or });
    if (fault !== undefined) throw refused(at, fault, String(cron));
    return { cron: String(cron), timezone: zone, day_or };
  }
  if (interval) {
    const seconds = durationSeconds(interval) ?? 0;
    if (seconds <= 0) throw new UserError(`${at}.interval: must be greater than 0`);
    if (seconds > MAX_INTERVAL)
      throw new UserError(`${at}.interval: must be at most ${MAX_INTERVAL} seconds, the longest timedelta of Python`);
    return { interval: seconds, ...(anchor ? { anchor_date: isoTime(String(anchor), `${at}.anchor_date`) } : {}), timezone: zone ?? "UTC" };
  }
  if (rrule) return recurrence(String(rrule), zone, at);
  throw new UserError(`${at}: must have exactly one of cron, interval and rrule`);
}

/** An rrule as a string, or as JSON with its own time zone. The schedule's time zone overrides that. */
function recurrence(given: string, zone: string | null, at: string): JsonObject {
  let rule = given;
  let own: Json | undefined;
  if (given.trimStart().startsWith("{")) {
    try {
      const parsed = JSON.parse(given) as JsonObject;
      rule = String(parsed.rrule ?? "");
      own = parsed.timezone;
    } catch (error) {
      throw new UserError(`${at}.rrule: invalid JSON: ${(error as Error).message}`);
    }
  }
  if (rule.length > MAX_RRULE_LENGTH)
    throw new UserError(`${at}.rrule: must have at most ${MAX_RRULE_LENGTH} characters, not ${rule.length}`);
  const timezone = zone ?? (typeof own === "string" ? checkedZone(own, `${at}.rrule`) : "UTC");
  const rrule = /DTSTART/i.test(rule) ? rule : `${RRULE_START}\n${rule}`;
  const fault = timingFault({ rrule, timezone });
  if (fault !== undefined) throw refused(at, fault, rule);
  return { rrule, timezone };
}

/** @param fault `<field>: <the error>` */
function refused(at: string, fault: string, given: string): UserError {
  const [, field, problem] = /^(\w+): (.*)$/s.exec(fault) ?? [];
  return new UserError(`${at}.${field}: ${quoted(given)} is invalid: ${problem}`);
}

function checkedZone(zone: string, at: string): string {
  if (isTimeZone(zone)) return zone;
  throw new UserError(`${at}: ${quoted(zone)} is not a time zone: give an IANA name, such as America/New_York`);
}

function boolean(value: Json, at: string): boolean {
  if (typeof value === "boolean") return value;
  const word = String(value).toLowerCase();
  if (/^(true|yes|on|t|y|1)$/.test(word)) return true;
  if (/^(false|no|off|f|n|0)$/.test(word)) return false;
  throw new UserError(`${at}: must be true or false, not ${quoted(value)}`);
}

const TIME = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i;

/** A time in the format of Prefect's API. The default zone is UTC. */
function isoTime(given: string, at: string): string {
  const match = TIME.exec(given.trim());
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = "", zone = "Z"] = match ?? [];
  const offset = /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}${/^[+-]00:00$/.test(offset) ? "Z" : offset}`;
  if (!match || Number.isNaN(Date.parse(text)))
    throw new UserError(`${at}: ${quoted(given)} is not a valid time: write it as 2020-01-01T00:00:00Z`);
  return text;
}
