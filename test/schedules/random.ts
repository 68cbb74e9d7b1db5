import fc from "fast-check";

/** A question to Prefect's own schedules (`prefectTimes.py`). */
export interface Question {
  rrule?: string;
  cron?: string;
  day_or?: boolean;
  timezone: string;
  after: string;
  most: number;
  /** How long Prefect may take, in seconds: it computes every occurrence since the start. */
  seconds: number;
}

const WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
const among = (least: number, most: number) => fc.integer({ min: least, max: most });
const either = (least: number, most: number) => fc.oneof(among(least, most), among(-most, -least));
const listed = <T>(one: fc.Arbitrary<T>, most: number) =>
  fc.uniqueArray(one, { minLength: 1, maxLength: most }).map((list) => list.join(","));
const stamp = fc
  .tuple(among(1, 12), among(1, 28), among(0, 23), among(0, 59), fc.constantFrom(0, 0, 0, 17))
  .map((parts) => parts.map((part) => String(part).padStart(2, "0")))
  .map(([month, day, hour, minute, second]) => ({
    basic: `${month}${day}T${hour}${minute}${second}`,
    iso: `${month}-${day}T${hour}:${minute}:${second}Z`,
  }));
const zone = fc.constantFrom("UTC", "UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe");

const rule = (frequency: fc.Arbitrary<string>) =>
  fc
    .record(
      {
        INTERVAL: fc.oneof(among(1, 6), among(1, 2_000), fc.constantFrom(7, 15, 24, 30, 48, 60, 90, 120, 1_440)),
        BYMONTH: listed(among(1, 12), 4),
        BYMONTHDAY: listed(either(1, 31), 3),
        BYYEARDAY: listed(either(1, 366), 5),
        BYWEEKNO: listed(either(1, 53), 3),
        BYEASTER: listed(among(-60, 60), 2),
        BYDAY: listed(
          fc.tuple(fc.constantFrom("", "", "", "1", "+2", "-1", "5"), fc.constantFrom(...WEEKDAYS)).map((pair) => pair.join("")),
          4,
        ),
        BYHOUR: listed(among(0, 23), 4),
        BYMINUTE: listed(fc.oneof(among(0, 59), fc.constantFrom(0, 15, 30, 45)), 4),
        BYSECOND: listed(among(0, 59), 3),
        BYSETPOS: listed(either(1, 5), 3),
        WKST: fc.constantFrom(...WEEKDAYS),
        COUNT: among(0, 200),
      },
      { requiredKeys: [] },
    )
    // Only a few parts: with many, a rule has no occurrences.
    .chain((parts) => fc.tuple(frequency, fc.subarray(Object.entries(parts), { maxLength: 4 })))
    .map(([of, parts]) => [`FREQ=${of}`, ...parts.map(([name, value]) => `${name}=${value}`)].join(";"));

const SHORT = ["HOURLY", "MINUTELY", "MINUTELY", "SECONDLY"];
const LONG = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"];

/** Any recurrence. Those shorter than a day begin near the time in question, since Prefect computes every occurrence from the start. */
export const rrules: fc.Arbitrary<Question> = fc
  .oneof(
    fc.record({ first: rule(fc.constantFrom(...SHORT)), start: fc.constant("2026"), after: fc.constant("2026") }),
    fc.record({
      first: rule(fc.constantFrom(...LONG)),
      start: fc.constantFrom("2019", "2024", "2026"),
      after: fc.constantFrom("2026", "2027"),
    }),
  )
  .chain(({ first, start, after }) =>
    fc
      .record({
        from: stamp,
        at: stamp,
        timezone: zone,
        more: fc.oneof(
          { weight: 8, arbitrary: fc.constant("") },
          { weight: 1, arbitrary: rule(fc.constantFrom("DAILY", "WEEKLY", "HOURLY")).map((text) => `\nRRULE:${text}`) },
          { weight: 1, arbitrary: rule(fc.constantFrom("DAILY", "WEEKLY", "HOURLY")).map((text) => `\nEXRULE:${text}`) },
          { weight: 1, arbitrary: stamp.map(({ basic }) => `\nRDATE:2026${basic}`) },
          { weight: 1, arbitrary: stamp.map(({ basic }) => `\nEXDATE:2026${basic}`) },
        ),
      })
      .map(({ from, at, timezone, more }) => ({
        rrule: `DTSTART:${start}${from.basic}\nRRULE:${first}${more}`,
        timezone,
        after: `${after}-${at.iso}`,
        most: 6,
        seconds: 0.2,
      })),
  );

const words = (list: string) => fc.constantFrom(...list.split(" "));
const field = (least: number, most: number, names: fc.Arbitrary<string | number> = among(least, most)) => {
  const value = fc.oneof({ weight: 3, arbitrary: among(least, most) }, { weight: 1, arbitrary: names });
  const part = fc.oneof(
    value.map(String),
    fc.tuple(value, value).map(([from, to]) => `${from}-${to}`),
    among(1, most).map((step) => `*/${step}`),
    fc.tuple(value, value, among(1, 5)).map(([from, to, step]) => `${from}-${to}/${step}`),
    fc.tuple(value, among(1, 20)).map(([from, step]) => `${from}/${step}`),
  );
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant("*") },
    { weight: 3, arbitrary: fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(",")) },
  );
};
const weekday = fc.oneof(
  { weight: 4, arbitrary: field(0, 7, words("sun MON tue wed thu fri sat")) },
  { weight: 1, arbitrary: words("L5 5#2 mon#1,tue#3 fri#L ? 7 0-7 sat-sun L7 mon#5 1,2#1 fri-mon#2 L1,L3 sun#1 W L") },
);
const date = fc.oneof({ weight: 6, arbitrary: field(1, 31) }, { weight: 1, arbitrary: words("L l,5 1-L L,* ? 5W 0 32") });

/** Any cron expression with five, six or seven fields, in croniter's spellings. Some are invalid. */
export const crons: fc.Arbitrary<Question> = fc
  .record({
    fields: fc.tuple(
      fc.oneof({ weight: 20, arbitrary: field(0, 59) }, { weight: 1, arbitrary: words("60 R H -1 a 1- */0 H/5 1--2") }),
      field(0, 23),
      date,
      field(1, 12, words("jan FEB mar apr may jun jul aug sep oct Nov dec")),
      weekday,
    ),
    more: fc.oneof(
      { weight: 6, arbitrary: fc.constant<string[]>([]) },
      { weight: 3, arbitrary: field(0, 59).map((second) => [second]) },
      { weight: 1, arbitrary: words("2026 2026-2028 */2 2030").map((year) => ["0", year]) },
    ),
    at: stamp,
    timezone: zone,
    dayOr: fc.boolean(),
    alias: fc.option(words("@daily @hourly @weekly @monthly @yearly @annually @midnight @reboot @Daily"), { freq: 40 }),
  })
  .map(({ fields, more, at, timezone, dayOr, alias }) => ({
    cron: alias ?? [...fields, ...more].join(" "),
    day_or: dayOr,
    timezone,
    after: `2026-${at.iso}`,
    most: 8,
    seconds: 2,
  }));
