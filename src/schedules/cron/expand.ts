/** A cron expression as lists of the values that each field allows. `undefined` allows every value. */
export interface CronFields {
  minutes?: ReadonlySet<number>;
  hours?: ReadonlySet<number>;
  /** `l` is the last day of the month. */
  days?: ReadonlySet<number | "l">;
  months?: ReadonlySet<number>;
  /** 0 is Sunday. */
  weekdays?: ReadonlySet<number>;
  /** The nth of a weekday in its month, `l` the last. */
  nths?: Nths;
  /** Absent with five fields, which mean second 0. */
  seconds?: ReadonlySet<number>;
  years?: ReadonlySet<number>;
  hasSeconds: boolean;
}

type Value = number | "*" | "l";
type Nths = ReadonlyMap<number, ReadonlySet<number | "l">>;
type NthsSoFar = Map<number, Set<number | "l">>;

const NAMES = ["minute", "hour", "day of the month", "month", "day of the week", "second", "year"];
const RANGES = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
  [0, 59],
  [1970, 2099],
] as const;
const [DAY, MONTH, WEEKDAY] = [2, 3, 4];
const WORDS: Record<number, readonly string[]> = {
  [MONTH]: ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  [WEEKDAY]: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};
const ALIASES = new Map([
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
  ["@daily", "0 0 * * *"],
  ["@weekly", "0 0 * * 0"],
  ["@monthly", "0 0 1 * *"],
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
]);
const WEEKDAY_WORD = "sun|mon|tue|wed|thu|fri|sat";
const MONTH_WORD = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec";
const NTH = new RegExp(
  `^(?:(?:(?<of>(?:${WEEKDAY_WORD})(?:-(?:${WEEKDAY_WORD}))?|(?:${MONTH_WORD})(?:-(?:${MONTH_WORD}))?|\\w+)#)|(?<l>l))(?<nth>\\d+)$`,
);
const RANGE = /^([^-]+)-([^-/]+)(?:\/(\d+))?$/;

/**
 * Read a cron expression as croniter does, which Prefect uses: five fields, a sixth for seconds, a seventh for years.
 * @throws {Error} with one sentence if it is invalid
 */
export function expandCron(text: string): CronFields {
  const lower = text.toLowerCase();
  const fields = (ALIASES.get(lower) ?? lower).split(/\s+/).filter(Boolean);
  if (fields.length < 5 || fields.length > 7) {
    throw new Error(
      fields[0]?.startsWith("@")
        ? `${fields[0]} is not a valid alias: use one of ${[...ALIASES.keys()].join(", ")}`
        : `it has ${fields.length} ${fields.length === 1 ? "field" : "fields"}: minute, hour, day, month, weekday; then seconds and year, if any`,
    );
  }
  const nths: NthsSoFar = new Map();
  const lists = fields.map((field, index) => {
    const values = expandField(field, index, fields.length, nths);
    return isAll(values, index, fields) ? ["*" as const] : values;
  });
  checkNths(lists[WEEKDAY] as Value[], nths);
  const [minutes, hours, days, months, weekdays, seconds, years] = lists.map((values) =>
    values.length === 1 && values[0] === "*" ? undefined : new Set(values),
  ) as (Set<never> | undefined)[];
  return {
    hasSeconds: fields.length > 5,
    ...(minutes ? { minutes } : {}),
    ...(hours ? { hours } : {}),
    ...(days ? { days } : {}),
    ...(months ? { months } : {}),
    ...(weekdays ? { weekdays } : {}),
    ...(nths.size > 0 ? { nths } : {}),
    ...(seconds ? { seconds } : {}),
    ...(years ? { years } : {}),
  };
}

/** If a day or weekday field lists every value, croniter treats it as `*` only if the other field has a `*` too. */
function isAll(values: readonly Value[], index: number, fields: readonly string[]): boolean {
  if (values.includes("*")) return true;
  const [lowest, highest] = RANGES[index] as readonly [number, number];
  if (values.length !== highest - lowest + 1) return false;
  if (index === DAY) return fields[WEEKDAY]?.includes("*") === true;
  if (index === WEEKDAY) return fields[DAY]?.includes("*") === true;
  return true;
}

function expandField(field: string, index: number, fieldCount: number, nths: NthsSoFar): Value[] {
  if (/^[hr](?:\(\d+-\d+\))?(?:\/\d+)?$/.test(field)) {
    throw new Error(`"${field}" is a random or hashed field, which Prefect does not support: give the ${NAMES[index]} itself`);
  }
  if (field.includes("?") && (field !== "?" || (index !== DAY && index !== WEEKDAY))) {
    throw new Error(
      `"${field}" is invalid for the ${NAMES[index]}: ? must be the whole field, and only for the day of the month or of the week`,
    );
  }
  const values = new Set<Value>();
  for (const part of (field === "?" ? "*" : field).split(",")) expandPart(part, index, fieldCount, values, nths);
  return [...values];
}

function expandPart(part: string, index: number, fieldCount: number, values: Set<Value>, nths: NthsSoFar) {
  const { of = part, nth } = index === WEEKDAY ? nthOf(part) : {};
  const [lowest, highest] = RANGES[index] as readonly [number, number];
  const ranged = of.replace(/^\*(?=\/.+$)/, `${lowest}-${highest}`);
  const match = RANGE.exec(ranged) ?? RANGE.exec(of.replace(/^(.+)\/(.+)$/, `$1-${highest}/$2`));
  const add = (value: Value) => {
    values.add(value);
    if (nth === undefined || typeof value === "string") return;
    nths.set(value, (nths.get(value) ?? new Set()).add(nth));
  };
  if (!match) {
    add(single(of, index, fieldCount));
    return;
  }
  const [, from = "", to = "", step = "1"] = match;
  const [first, last] = [from, index === DAY && to === "l" ? "31" : to].map((text) =>
    aliased(number(text, part, index), index, fieldCount),
  );
  if (first === undefined || last === undefined || Math.max(first, last) > highest) throw invalid(part, index);
  for (const value of rangeOf(first, last, Number(step), index, part)) {
    // croniter reads each value again by itself.
    if (value < lowest) throw invalid(part, index);
    add(aliased(value, index, fieldCount));
  }
}

/** `2#3`, `fri#1`, `L5` (the last Friday). */
function nthOf(part: string): { of?: string; nth?: number | "l" } {
  const { of, l, nth } = NTH.exec(part)?.groups ?? {};
  if (l) return { of: nth as string, nth: "l" };
  if (of === undefined) return {};
  const count = Number(nth);
  if (count < 1 || count > 5) throw new Error(`"${part}" is invalid: a month has at most five of each weekday`);
  return { of, nth: count };
}

function single(text: string, index: number, fieldCount: number): Value {
  if (text === "*" || (text === "l" && index === DAY)) return text;
  const value = aliased(number(text, text, index), index, fieldCount);
  const [lowest, highest] = RANGES[index] as readonly [number, number];
  if (value < lowest || value > highest) throw invalid(text, index);
  return value;
}

function number(text: string, part: string, index: number): number {
  if (/^\d+$/.test(text)) return Number(text);
  const word = WORDS[index]?.indexOf(text) ?? -1;
  if (text === "" || word < 0) throw invalid(part, index);
  return word;
}

/** 7 is Sunday, and day or month 0 is 1. With five fields only the weekday is converted; with more, the values that croniter keeps. */
function aliased(value: number, index: number, fieldCount: number): number {
  if (index === WEEKDAY && value === 7 && fieldCount === 5) return 0;
  return index === DAY && value === 0 && fieldCount === 6 ? 1 : value;
}

function rangeOf(first: number, last: number, step: number, index: number, part: string): number[] {
  const [lowest, highest] = RANGES[index] as readonly [number, number];
  const values = (from: number, to: number) => {
    const found: number[] = [];
    for (let value = from; value <= to; value += step) found.push(value);
    return found;
  };
  if (step === 0) throw invalid(part, index);
  if (first < last) return values(first, last);
  // `mon-mon` is the whole week.
  if (first === last) return values(lowest, highest);
  const before = values(first, highest);
  const end = before.at(-1) ?? highest;
  const left = highest - end;
  const skipped = end - lowest + step > highest - lowest + 1 && left < step ? step - left : 0;
  return [...before, ...values(lowest + skipped, last)];
}

function checkNths(weekdays: readonly Value[], nths: Nths): void {
  const plain = new Set(weekdays.filter((value) => value !== "*" && !nths.has(value as number)));
  if (nths.size > 0 && plain.size > 0 && new Set(weekdays).size !== 7) {
    throw new Error("the weekday has both plain days and nth days: use one kind only");
  }
}

function invalid(part: string, index: number): Error {
  const [lowest, highest] = RANGES[index] as readonly [number, number];
  return new Error(`"${part}" is invalid for the ${NAMES[index]}, which is ${lowest} to ${highest}`);
}
