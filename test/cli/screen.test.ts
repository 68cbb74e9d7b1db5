import { expect, test } from "vitest";
import { stateText, table, taken } from "../../src/cli/screen";
import { aRun } from "./aRun";

test("columns are as wide as they need, and no line has trailing blanks", () =>
  expect(
    table(
      ["NAME", "STATE", "ID"],
      [
        ["brave-fox", "RUNNING", "1"],
        ["ox", "", ""],
      ],
    ).split("\n"),
  ).toEqual(["NAME       STATE    ID", "brave-fox  RUNNING  1", "ox"]));

test.each([
  ["RUNNING", "Running", "RUNNING"],
  ["SCHEDULED", "AwaitingConcurrencySlot", "SCHEDULED AwaitingConcurrencySlot"],
  ["FAILED", "TimedOut", "FAILED TimedOut"],
] as const)("%s %s", (type, name, text) => expect(stateText({ type, name, timestamp: "" })).toBe(text));

test.each([
  ["before it starts", {}, undefined],
  ["while it runs", { startedAt: "1970-01-01T00:00:01.000Z" }, 9000],
  ["once it has ended", { startedAt: "1970-01-01T00:00:01.000Z", endedAt: "1970-01-01T00:00:03.500Z" }, 2500],
  ["with clocks that disagree", { startedAt: "1970-01-01T00:00:30.000Z" }, 0],
])("how long a run took %s", (_, over, time) => expect(taken(aRun(over), 10_000)).toBe(time));
