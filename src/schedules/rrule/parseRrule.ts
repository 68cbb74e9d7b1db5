import { type DateTime, readDateTime } from "./dateTime";

const FREQUENCIES = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"] as const;
export type Frequency = (typeof FREQUENCIES)[number];

const WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
const LISTS = {
  BYSETPOS: "positions",
  BYMONTH: "months",
  BYMONTHDAY: "monthDays",
  BYYEARDAY: "yearDays",
  BYEASTER: "easterDays",
  BYWEEKNO: "weeks",
  BYHOUR: "hours",
  BYMINUTE: "minutes",
  BYSECOND: "seconds",
} as const;
type List = (typeof LISTS)[keyof typeof LISTS];

/** One RRULE or EXRULE. Weekdays are 0 (Monday) to 6. */
export interface RuleText extends Partial<Record<List, number[]>> {
  frequency: Frequency;
  interval: number;
  count?: number;
  until?: DateTime;
  weekStart: number;
  /** Without `nth`, every such weekday. */
  weekdays?: { weekday: number; nth?: number }[];
}

/** A whole recurrence. */
export interface RecurrenceText {
  start?: DateTime;
  rules: RuleText[];
  exclusions: RuleText[];
  dates: DateTime[];
  excludedDates: DateTime[];
}

/**
 * Read a recurrence as dateutil's `rrulestr` does, which Prefect uses.
 * @throws {Error} with one sentence if it is invalid
 */
export function parseRecurrence(text: string): RecurrenceText {
  const zones = new Set([...text.matchAll(/TZID=([^:]+):/g)].map(([, name]) => (name as string).toUpperCase()));
  const lines = text.toUpperCase().split(/\s+/).filter(Boolean);
  if (lines.length === 0) throw new Error("the text is empty");
  const found: RecurrenceText = { rules: [], exclusions: [], dates: [], excludedDates: [] };
  for (const line of lines) {
    const colon = line.indexOf(":");
    const [name = "", ...parameters] = (colon < 0 ? "RRULE" : line.slice(0, colon)).split(";");
    const value = line.slice(colon + 1);
    readProperty(found, name, parameters, value, zones);
  }
  if (found.rules.length + found.dates.length === 0) throw new Error("there is no RRULE and no RDATE");
  return found;
}

function readProperty(found: RecurrenceText, name: string, parameters: string[], value: string, zones: ReadonlySet<string>): void {
  const only = (...allowed: string[]) => {
    const other = parameters.find(
      (parameter) => !allowed.includes(parameter) && !(allowed.includes("TZID") && parameter.startsWith("TZID=")),
    );
    if (other !== undefined) throw new Error(`${name} cannot have the parameter "${other}"`);
  };
  const zoned = parameters.some((parameter) => parameter.startsWith("TZID=") && zones.has(parameter.slice("TZID=".length)));
  const dated = ["TZID", "VALUE=DATE-TIME", "VALUE=DATE"];
  const dates = () => value.split(",").map((date) => withZone(readDateTime(date, name), zoned, name));
  switch (name) {
    case "RRULE":
      only();
      found.rules.push(parseRule(value));
      return;
    case "EXRULE":
      only();
      found.exclusions.push(parseRule(value));
      return;
    case "RDATE":
      only("VALUE=DATE-TIME");
      found.dates.push(...dates());
      return;
    case "EXDATE":
      only(...dated);
      found.excludedDates.push(...dates());
      return;
    case "DTSTART": {
      only(...dated);
      const [start, another] = dates();
      if (start === undefined || another !== undefined) throw new Error("DTSTART must be one time");
      found.start = { ...start, seconds: Math.floor(start.seconds) };
      return;
    }
    default:
      throw new Error(`"${name}" is not a property of a recurrence: use RRULE, RDATE, EXRULE, EXDATE and DTSTART`);
  }
}

function withZone(date: DateTime, zoned: boolean, name: string): DateTime {
  if (zoned && date.isZoned) throw new Error(`${name} has both TZID and a time with its own zone`);
  return zoned ? { ...date, isZoned: true } : date;
}

function parseRule(text: string): RuleText {
  const rule: Partial<RuleText> = {};
  if (text.includes(":")) throw new Error(`"${text}" has one colon too many`);
  for (const part of text.split(";")) {
    const [name = "", value, ...more] = part.split("=");
    if (value === undefined || more.length > 0)
      throw new Error(part === "" ? "there is one semicolon too many" : `"${part}" must be NAME=value`);
    readPart(rule, name, value);
  }
  if (rule.frequency === undefined) throw new Error(`there is no FREQ: it must be one of ${FREQUENCIES.join(", ")}`);
  return { interval: 1, weekStart: 0, ...rule, frequency: rule.frequency };
}

function readPart(rule: Partial<RuleText>, name: string, value: string): void {
  switch (name) {
    case "FREQ":
      if (!FREQUENCIES.includes(value as Frequency)) throw new Error(`FREQ must be one of ${FREQUENCIES.join(", ")}, not "${value}"`);
      rule.frequency = value as Frequency;
      return;
    case "INTERVAL":
      rule.interval = integer(name, value);
      if (rule.interval < 1) throw new Error(`INTERVAL must be a whole number of at least 1, not ${value}`);
      return;
    case "COUNT":
      rule.count = integer(name, value);
      return;
    case "UNTIL":
      rule.until = readDateTime(value, name);
      return;
    case "WKST":
      rule.weekStart = weekday(name, value);
      return;
    case "BYDAY":
    case "BYWEEKDAY":
      rule.weekdays = value.split(",").map((one) => nthWeekday(name, one));
      return;
    default: {
      const list = LISTS[name as keyof typeof LISTS];
      if (list === undefined) throw new Error(`"${name}" is not a valid part of a rule`);
      rule[list] = value.split(",").map((one) => integer(name, one));
      const wrong = list === "positions" ? rule[list].find((position) => position === 0 || Math.abs(position) > 366) : undefined;
      if (wrong !== undefined) throw new Error(`BYSETPOS must be from 1 to 366 or from -366 to -1, not ${wrong}`);
    }
  }
}

function integer(name: string, text: string): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new Error(`${name} must be a whole number, not "${text}"`);
  return value;
}

function weekday(name: string, text: string): number {
  const index = WEEKDAYS.indexOf(text);
  if (index < 0) throw new Error(`${name} must be one of ${WEEKDAYS.join(", ")}, not "${text}"`);
  return index;
}

/** `MO`, `-1FR`, or dateutil's own `FR(-1)`. */
function nthWeekday(name: string, text: string): { weekday: number; nth?: number } {
  const [, before, day = "", after] = /^([+-]?\d+)?([A-Z]*)(?:\(([+-]?\d+)\))?$/.exec(text) ?? [];
  const nth = after ?? before;
  const found = weekday(name, before !== undefined && after !== undefined ? text : day || text);
  if (nth === undefined) return { weekday: found };
  if (integer(name, nth) === 0) throw new Error(`${name} counts weekdays from 1, or from -1: "${text}" is invalid`);
  return { weekday: found, nth: integer(name, nth) };
}
