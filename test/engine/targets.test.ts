import { expect, test } from "vitest";
import { matches, Targets } from "../../src/engine/plan/targets";
import type { Resource } from "../../src/engine/state/stackStore";

const resource = (name: string, needs: string[] = [], parent?: string): Resource => ({
  urn: `urn:${name}`,
  type: "t:index:T",
  custom: true,
  dependencies: needs.map((need) => `urn:${need}`),
  ...(parent ? { parent: `urn:${parent}` } : {}),
});
// c needs b, which needs a; d is a child of a; e is alone.
const ALL = [resource("a"), resource("b", ["a"]), resource("c", ["b"]), resource("d", [], "a"), resource("e")];
const names = (urns: Iterable<string> | undefined) => urns && [...urns].map((urn) => urn.slice(4)).sort();

test.each([
  ["nothing", {}, "abcde", undefined],
  ["a target", { targets: ["urn:b"] }, "b", "bc"],
  ["a target with its dependents", { targets: ["urn:a"], targetDependents: true }, "abcd", "abcd"],
  ["a pattern", { targets: ["urn:*"] }, "abcde", "abcde"],
  ["an excluded resource", { excludes: ["urn:b"] }, "acde", "cde"],
  ["an excluded resource with its dependents", { excludes: ["urn:a"], excludeDependents: true }, "e", "e"],
])("%s selects what takes part, and what may be deleted", (_, selection, included, deletable) => {
  const targets = new Targets(selection);
  expect(names(ALL.filter((one) => targets.include(one)).map(({ urn }) => urn))?.join("")).toBe(included);
  expect(names(new Targets(selection).deletable(ALL))?.join("")).toBe(deletable);
});

test("the stack and providers always take part", () => {
  const targets = new Targets({ targets: ["urn:b"] });
  const types = ["pulumi:pulumi:Stack", "pulumi:providers:acme", "t:index:T"];
  expect(types.map((type) => targets.include({ ...resource("x"), type }))).toEqual([true, true, false]);
});

test.each([
  ["urn:pulumi:dev::p::t:m:T::a", "urn:pulumi:dev::p::t:m:T::a", true],
  ["urn:pulumi:dev::p::t:m:T::*", "urn:pulumi:dev::p::t:m:T::a-1", true],
  ["urn:pulumi:dev::p::*::a", "urn:pulumi:dev::p::t:m:T::a", false],
  ["urn:pulumi:dev::p::**::a", "urn:pulumi:dev::p::x:m:C$t:m:T::a", true],
  ["**::a.b", "urn:pulumi:dev::p::t:m:T::axb", false],
])("%s against %s: %s", (entry, urn, expected) => {
  expect(matches([entry], urn)).toBe(expected);
});

test("entries that are neither in the stack nor in the program are found", () => {
  expect(new Targets({ targets: ["urn:a", "urn:x", "urn:*"] }).unknown(new Set(["urn:a"]))).toEqual(["urn:x"]);
});
