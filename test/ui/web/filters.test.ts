import fc from "fast-check";
import { expect, test } from "vitest";
import { type Filters, filtersOf, isFiltered, STATE_TYPES, searchOf, serverFilters, toggledState } from "../../../web/runs/filters";

test.each<[string, Filters]>([
  ["", {}],
  ["?state=RUNNING&state=FAILED", { state: ["RUNNING", "FAILED"] }],
  ["?state=FAILED&state=RUNNING&state=nonsense", { state: ["RUNNING", "FAILED"] }],
  ["?deployment=hello%2Flocal&pool=ecs&tag=a+b&text=%26x", { deployment: "hello/local", pool: "ecs", tag: "a b", text: "&x" }],
  ["?since=24h", { since: "24h" }],
  ["?since=2026-03-09T07:00:00Z&until=2026-03-10", { since: "2026-03-09T07:00:00Z", until: "2026-03-10" }],
  ["?since=yesterday&until=", {}],
  ["?allStacks=true&unknown=1", { allStacks: true }],
  ["?allStacks=yes", {}],
])("%s", (search, filters) => {
  expect(filtersOf(search)).toEqual(filters);
});

const texts = fc.string({ minLength: 1, unit: "grapheme" });
const times = fc.constantFrom("1h", "24h", "7d", "2026-03-09T07:00:00Z");
const filters: fc.Arbitrary<Filters> = fc.record(
  {
    state: fc.subarray([...STATE_TYPES], { minLength: 1 }),
    deployment: texts,
    pool: texts,
    tag: texts,
    text: texts,
    since: times,
    until: times,
    allStacks: fc.constant(true),
  },
  { requiredKeys: [] },
);

test("an address holds all filters, and the same filters have the same address", () => {
  fc.assert(
    fc.property(filters, (one) => {
      expect(filtersOf(searchOf(one))).toEqual(one);
      const reversed = Object.fromEntries(Object.entries(one).reverse()) as Filters;
      expect(searchOf({ ...reversed, ...(one.state ? { state: [...one.state].reverse() } : {}) })).toBe(searchOf(one));
    }),
  );
});

test("a span up to now is a time for the server", () => {
  const now = Date.parse("2026-03-09T12:00:00Z");
  expect(serverFilters({ since: "90m", tag: "a" }, now)).toEqual({ since: "2026-03-09T10:30:00.000Z", tag: "a" });
  expect(serverFilters({ since: "7d" }, now)).toEqual({ since: "2026-03-02T12:00:00.000Z" });
  expect(serverFilters({ since: "2026-01-01" }, now)).toEqual({ since: "2026-01-01" });
});

test("a state is added, and removed again", () => {
  const two = toggledState({ state: ["FAILED"], tag: "a" }, "RUNNING");
  expect(two).toEqual({ state: ["RUNNING", "FAILED"], tag: "a" });
  expect(toggledState(toggledState(two, "RUNNING"), "FAILED")).toEqual({ tag: "a" });
});

test("all stacks is no filter", () => {
  expect(isFiltered({ allStacks: true })).toBe(false);
  expect(isFiltered({ text: "" })).toBe(false);
  expect(isFiltered({ pool: "ecs" })).toBe(true);
});
