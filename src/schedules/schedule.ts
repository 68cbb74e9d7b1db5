import * as v from "valibot";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { isTimeZone } from "./wallClock";

/** The longest `timedelta` of Python, in seconds. */
export const MAX_INTERVAL = 86_399_999_999_999;

const zone = v.nullish(v.pipe(v.string(), v.check(isTimeZone, "must be an IANA name of a time zone, as America/New_York")), "UTC");
const time = v.pipe(
  v.string(),
  v.check((text) => !Number.isNaN(Date.parse(text)), "must be a time, as 2020-01-01T00:00:00Z"),
);

const timing = v.union(
  [
    v.object({ cron: v.string(), timezone: zone, day_or: v.nullish(v.boolean(), true) }),
    v.object({ interval: v.pipe(v.number(), v.gtValue(0), v.maxValue(MAX_INTERVAL)), anchor_date: v.nullish(time), timezone: zone }),
    v.object({ rrule: v.pipe(v.string(), v.maxLength(6500, "must have 6500 characters at most")), timezone: zone }),
  ],
  "must have one of cron, interval (seconds) and rrule, each as Prefect's API takes it",
);

const schedule = v.object({
  schedule: timing,
  active: v.nullish(v.boolean(), true),
  max_scheduled_runs: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1)), null),
  parameters: v.nullish(
    // A valibot record would drop a key such as __proto__.
    v.custom<JsonObject>(isJsonObject),
    {},
  ),
  slug: v.nullish(v.string(), null),
});

/** One of Prefect's three kinds of timing. The default time zone is UTC. */
export type Timing = v.InferOutput<typeof timing>;
/** A deployment's schedule, in the format of Prefect's API. */
export type Schedule = v.InferOutput<typeof schedule>;

/** Read one schedule of a deployment. `fault` is the error, with its path. */
export function readSchedule(given: Json): Schedule | { fault: string } {
  const read = v.safeParse(schedule, given);
  if (read.success) return read.output;
  const [issue] = read.issues;
  return { fault: `${v.getDotPath(issue) ?? "it"}: ${issue.message}` };
}
