import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isWatched, stateText, table, taken, withIdsWhole } from "../../src/cli/screen";
import { aRun } from "./aRun";

test("columns are as wide as their values, and no line has trailing blanks", () =>
  expect(
    table(
      ["NAME", "STATE", "ID"],
      [
        ["brave-fox", "RUNNING", "1"],
        ["ox", "", ""],
      ],
    ).split("\n"),
  ).toEqual(["NAME       STATE    ID", "brave-fox  RUNNING  1", "ox"]));

describe("a terminal that is too narrow for a table", () => {
  const id = "01a223c0-7365-72af-8858-93559272335b";
  const headings = ["NAME", "STATE", "ID"];
  const rows = [
    ["brave-fox", "COMPLETED", id],
    ["ox", "", id],
  ];

  test("the last column, with the ids, moves to separate lines", () =>
    expect(table(headings, rows, 40).split("\n")).toEqual([
      "NAME       STATE",
      "  ID",
      "brave-fox  COMPLETED",
      `  ${id}`,
      "ox",
      `  ${id}`,
    ]));

  test("if that is not enough, every value moves to a separate line", () =>
    expect(table(["NAME", "DEPLOYMENT", "ID"], [["brave-fox", "a-long-flow/a-longer-deployment", id]], 40).split("\n")).toEqual([
      "brave-fox",
      "  DEPLOYMENT",
      "    a-long-flow/a-longer-deployment",
      "  ID",
      `    ${id}`,
    ]));

  test("no id is split at any width that it fits into", () => {
    const widths = fc.integer({ min: 38, max: 130 });
    const cell = fc.string({ unit: fc.constantFrom("a", "b", "-", "/"), maxLength: 30 });
    fc.assert(
      fc.property(widths, fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 5 }), (width, cells) => {
        const lines = table(
          [...headings.slice(0, 2), "DEPLOYMENT", "ID"],
          cells.map((row) => [...row, id]),
          width,
        ).split("\n");
        const withId = lines.filter((line) => line.includes(id));
        expect(withId).toHaveLength(cells.length);
        expect(withId.filter((line) => line.length > width)).toEqual([]);
      }),
    );
  });

  test("a line breaks before an id that would be split", () => {
    const text = `flow run brave-fox (${id}) of hello/prod`;
    expect(withIdsWhole(text, 40)).toBe(`flow run brave-fox \n(${id}) of hello/prod`);
    expect([withIdsWhole(text, 80), withIdsWhole(text, Number.POSITIVE_INFINITY)]).toEqual([text, text]);
    expect(withIdsWhole(id, 20)).toBe(id);
    // In a word that is wider than the terminal, before the id itself; every one of them.
    expect(withIdsWhole(`"{\\"some\\":\\"${id}\\",\\"other\\":\\"${id}\\"}"`, 40)).toBe(
      `"{\\"some\\":\\"\n${id}\\",\\"other\\":\\"\n${id}\\"}"`,
    );
  });
});

test.each([
  [true, {}, true],
  [false, {}, false],
  [true, { CI: "true" }, false],
  [true, { CI: "1" }, false],
  [true, { CI: "false" }, true],
  [true, { CI: "" }, true],
  [true, { TERM: "dumb" }, false],
])("a terminal (%s) with %o is interactive: %s", (isTTY, env, expected) => expect(isWatched({ isTTY }, env)).toBe(expected));

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
])("the duration of a run %s", (_, over, time) => expect(taken(aRun(over), 10_000)).toBe(time));
