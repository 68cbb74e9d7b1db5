import { expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { scheduleOf } from "../../src/prefectYaml/schedules";

test.each<[JsonObject, string]>([
  [{ interval: 86_400_000_000_000 }, "schedules[0].interval: must be at most 86399999999999 seconds, the longest timedelta of Python"],
  [{ interval: "PT0S" }, "schedules[0].interval: must be greater than 0"],
  [
    { rrule: "FREQ=DAILY;COUNT=0\nFREQ=WEEKLY;COUNT=0" },
    'schedules[0].rrule: "FREQ=DAILY;COUNT=0 FREQ=WEEKLY;COUNT=0" is invalid: no time ever matches it, so it would never run',
  ],
  [{ interval: 60, anchor_date: "2020\n" }, 'schedules[0].anchor_date: "2020 " is not a valid time: write it as 2020-01-01T00:00:00Z'],
])("%j is refused in one line", (config, message) => {
  expect(() => scheduleOf(config, "schedules[0]")).toThrow(expect.objectContaining({ message, exitCode: 2 }));
});
