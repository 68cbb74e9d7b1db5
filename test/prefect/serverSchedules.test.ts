import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../../src/json";
import type { ServerSchedule } from "../../src/prefect/api/deployments";
import { blockFaults } from "../../src/prefect/blockData";
import { fromServer, scheduleSteps, toApi } from "../../src/prefect/serverSchedules";
import { programFaults, scheduleFromProgram, toProgram } from "../../src/schedules";
import { settlement } from "../../src/serverRuns/settlement";

const there = (given: JsonObject[]): ServerSchedule[] =>
  toApi(given.map(scheduleFromProgram)).map((body, index) => ({
    id: `id-${index}`,
    schedule: { timezone: null, day_or: true, anchor_date: "2020-01-01T00:00:00Z", ...body.schedule },
    active: body.active !== false,
    max_scheduled_runs: body.max_scheduled_runs ?? null,
    parameters: body.parameters ?? {},
    slug: body.slug,
  }));

test("the server's version of a schedule is the same schedule, in any order", () => {
  const schedule = fc.oneof(
    fc.record({ cron: fc.constantFrom("0 6 * * *", "*/5 * * * *"), active: fc.boolean() }),
    fc.record({ interval: fc.integer({ min: 1, max: 9000 }), parameters: fc.dictionary(fc.string(), fc.integer()) }),
    fc.record({ rrule: fc.constant("FREQ=WEEKLY;BYDAY=MO"), max_scheduled_runs: fc.integer({ min: 1, max: 9 }) }),
  );
  fc.assert(
    fc.property(fc.array(schedule, { maxLength: 5 }), (given) => {
      const list = given as JsonObject[];
      expect(scheduleSteps(list.map(scheduleFromProgram), there(list).reverse())).toEqual({ create: [], patch: [], remove: [] });
      // What is on the server equals its own declaration.
      const said = there(list).map((one) => toProgram(fromServer({ ...one, schedule: scheduleOnly(one.schedule) })));
      expect(programFaults(said)).toEqual([]);
    }),
  );
});

function scheduleOnly(timing: JsonObject): JsonObject {
  const { day_or, anchor_date, ...rest } = timing;
  return {
    ...rest,
    ...(rest.cron === undefined ? {} : { day_or: day_or as Json }),
    ...(rest.interval === undefined ? {} : { anchor_date: anchor_date as Json }),
  };
}

test("an rrule without a start equals the one to which the server added a start", () => {
  const given = [{ rrule: "FREQ=WEEKLY;BYDAY=MO" }];
  const [schedule] = there(given);
  const started = {
    ...(schedule as ServerSchedule),
    schedule: { rrule: "DTSTART:20200101T000000\nFREQ=WEEKLY;BYDAY=MO", timezone: "UTC" },
  };
  expect(scheduleSteps(given.map(scheduleFromProgram), [started])).toEqual({ create: [], patch: [], remove: [] });
});

test.each<[Parameters<typeof settlement>[0], string, string, string]>([
  [{ kind: "exited", code: 0 }, "COMPLETED", "settled", ""],
  [{ kind: "exited", code: 1 }, "FAILED", "settled", ""],
  [{ kind: "exited", code: 0 }, "SCHEDULED", "settled", ""],
  [{ kind: "exited", code: 0 }, "PAUSED", "settled", ""],
  [{ kind: "exited", code: 0 }, "RUNNING", "crashed", "did the command run the flow"],
  [{ kind: "exited", code: 127 }, "PENDING", "crashed", "the command was not found"],
  [{ kind: "exited", code: 137 }, "RUNNING", "crashed", "as when memory runs out"],
  [{ kind: "signalled", signal: "SIGKILL" }, "RUNNING", "crashed", "ended by SIGKILL, as when memory runs out"],
  [{ kind: "failedToStart", reason: "no image" }, "PENDING", "crashed", "it never started: no image"],
  [{ kind: "timedOut", phase: "running" }, "RUNNING", "crashed", "its time limit"],
  [{ kind: "lost", reason: "the machine went down" }, "RUNNING", "crashed", "the machine went down"],
  [{ kind: "cancelled", by: "us" }, "CANCELLING", "cancelled", "stopped on request"],
  [{ kind: "exited", code: 143 }, "CANCELLING", "cancelled", "SIGTERM"],
  [{ kind: "cancelled", by: "someoneElse" }, "RUNNING", "crashed", "stopped by someone else"],
])("%j while the server says %s: %s", (outcome, type, kind, message) => {
  const end = settlement(outcome, { type: type as "RUNNING", name: "" });
  expect(end.kind).toBe(kind);
  if (end.kind !== "settled") expect(end.message).toContain(message);
});

test.each([
  ["RUNNING", "cancelled"],
  ["PENDING", "cancelled"],
  ["CRASHED", "cancelled"],
  ["CANCELLED", "settled"],
  ["COMPLETED", "settled"],
] as const)("stopped since it was cancelled, while the server says %s: %s", (type, kind) => {
  expect(settlement({ kind: "signalled", signal: "SIGTERM" }, { type, name: "" }, true).kind).toBe(kind);
});

const FIELDS = { properties: { key: { type: "string" }, port: { type: "integer" }, more: { allOf: [] } }, required: ["key"] };
test.each<[JsonObject, string[]]>([
  [{ key: "k" }, []],
  [{ key: "k", port: 5, more: [1] }, []],
  [{ key: { $ref: { block_document_id: "x" } } }, []],
  [{}, ["data.key is missing: this block type requires it"]],
  [{ key: 5 }, ["data.key must be of type string"]],
  [{ key: "k", prot: 1 }, ['data.prot does not exist in this block type: did you mean "port"?']],
])("a block's data %j: %j", (data, faults) => {
  expect(blockFaults(FIELDS, data)).toEqual(faults);
});
