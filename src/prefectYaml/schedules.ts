import { CronPattern } from "croner";
import { rrulestr } from "rrule";
import type { Json, JsonObject } from "../json";
import { UserError } from "../userError";
import { asCroner } from "./cron";
import { durationSeconds } from "./duration";

/** Prefect's own limit (`MAX_RRULE_LENGTH`). */
const LONGEST_RRULE = 6500;
/** What Prefect counts an rrule from that does not say (`DEFAULT_RRULE_ANCHOR`). */
const RRULE_START = "DTSTART:20200101T000000";

/**
 * A schedule of a prefect.yaml as Prefect's API takes and gives it: `{ schedule, active, max_scheduled_runs, parameters, slug }`. An interval
 * without an `anchor_date` has none here: it counts from when it is deployed.
 * @param at its place in the deployment, for messages: `schedules[0]`
 * @throws {UserError} naming the field
 */
export function scheduleOf(config: JsonObject, at: string): JsonObject {
  const { active, parameters, slug, replaces } = config;
  return {
    schedule: timing(config, at),
    active: active === null || active === undefined ? true : boolean(active, `${at}.active`),
    max_scheduled_runs: null,
    parameters: parameters ?? {},
    slug: slug || null,
    ...(replaces ? { replaces } : {}),
  };
}

function timing({ cron, interval, rrule, timezone, anchor_date: anchor, day_or: dayOr }: JsonObject, at: string): JsonObject {
  const zone = typeof timezone === "string" && timezone !== "" ? checkedZone(timezone, `${at}.timezone`) : null;
  if (cron) {
    return {
      cron: checkedCron(String(cron), `${at}.cron`),
      timezone: zone,
      day_or: dayOr === null || dayOr === undefined ? true : boolean(dayOr, `${at}.day_or`),
    };
  }
  if (interval) {
    const seconds = durationSeconds(interval) ?? 0;
    if (seconds <= 0) throw new UserError(`${at}.interval: must be longer than nothing`);
    return { interval: seconds, ...(anchor ? { anchor_date: isoTime(String(anchor), `${at}.anchor_date`) } : {}), timezone: zone ?? "UTC" };
  }
  if (rrule) return recurrence(String(rrule), zone, at);
  throw new UserError(`${at}: must have exactly one of cron, interval and rrule`);
}

/** An rrule as text, or as JSON with a time zone of its own, over which the schedule's goes. */
function recurrence(given: string, zone: string | null, at: string): JsonObject {
  let rule = given;
  let own: Json | undefined;
  if (given.trimStart().startsWith("{")) {
    try {
      const parsed = JSON.parse(given) as JsonObject;
      rule = String(parsed.rrule ?? "");
      own = parsed.timezone;
    } catch (error) {
      throw new UserError(`${at}.rrule: starts as JSON, and is none: ${(error as Error).message}`);
    }
  }
  if (rule.length > LONGEST_RRULE) throw new UserError(`${at}.rrule: is ${rule.length} characters long; ${LONGEST_RRULE} is the most`);
  try {
    const parsed = rrulestr(rule);
    if (!/FREQ=|RDATE/i.test(rule) || parsed === undefined) throw new Error("it has no FREQ");
    if (/(COUNT|INTERVAL)=(?!\d+\b)/i.test(rule)) throw new Error("COUNT and INTERVAL are whole numbers");
  } catch (error) {
    throw new UserError(`${at}.rrule: "${rule}" is no recurrence rule of RFC 5545: ${(error as Error).message}`);
  }
  const timezone = zone ?? (typeof own === "string" ? checkedZone(own, `${at}.rrule`) : "UTC");
  return { rrule: /DTSTART/i.test(rule) ? rule : `${RRULE_START}\n${rule}`, timezone };
}

function checkedCron(cron: string, at: string): string {
  const unknown = cron.split(/\s+/).find((field) => /^[rh]$/i.test(field));
  if (unknown) throw new UserError(`${at}: "${cron}" has "${unknown}": random and hashed fields are not supported`);
  try {
    if (/\d[wW]/.test(cron)) throw new Error("W (nearest weekday) is not supported");
    new CronPattern(asCroner(cron));
    return cron;
  } catch (error) {
    throw new UserError(`${at}: "${cron}" is no cron expression: ${(error as Error).message.replace(/^CronPattern: /, "")}`);
  }
}

function checkedZone(zone: string, at: string): string {
  try {
    if (/^[+-]/.test(zone)) throw new RangeError(zone);
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    throw new UserError(`${at}: "${zone}" is no time zone: give an IANA name, as America/New_York`);
  }
}

function boolean(value: Json, at: string): boolean {
  if (typeof value === "boolean") return value;
  const word = String(value).toLowerCase();
  if (/^(true|yes|on|t|y|1)$/.test(word)) return true;
  if (/^(false|no|off|f|n|0)$/.test(word)) return false;
  throw new UserError(`${at}: must be true or false, and is "${String(value)}"`);
}

const TIME = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i;

/** A time as Prefect's API gives it back; without a zone it is UTC. */
function isoTime(given: string, at: string): string {
  const match = TIME.exec(given.trim());
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = "", zone = "Z"] = match ?? [];
  const offset = /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}${/^[+-]00:00$/.test(offset) ? "Z" : offset}`;
  if (!match || Number.isNaN(Date.parse(text))) throw new UserError(`${at}: "${given}" is no time, as 2020-01-01T00:00:00Z`);
  return text;
}
