import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import type { StandInResource } from "../../../src/testing";
import { asInputs, checked, difference, foreseen, importedInputs } from "../../../src/testing/providers/standInDecisions";
import { UNKNOWN } from "../../../src/unknown";

const of = (more: Partial<StandInResource> = {}): StandInResource => ({ create: () => ({ id: "1" }), ...more });
const named = of({ autoName: { input: "name", longest: 24 }, defaults: { stage: "GA" } });
const NO_SEED = Buffer.alloc(0);

describe("checked", () => {
  test.each<[string, JsonObject, JsonObject, JsonObject]>([
    ["a given name stays", { name: "mine", stage: "BETA" }, {}, { name: "mine", stage: "BETA" }],
    ["a name is generated", {}, {}, { name: expect.stringMatching(/^etl-net-[0-9a-f]{7}$/) as never, stage: "GA" }],
    ["a name that was generated before stays", {}, { name: "etl-net-0000000" }, { name: "etl-net-0000000", stage: "GA" }],
    ["a given name replaces it", { name: "mine" }, { name: "etl-net-0000000" }, { name: "mine", stage: "GA" }],
  ])("%s", (_, news, olds, expected) => {
    expect(checked(named, "etl-net", news, olds, NO_SEED)).toEqual(expected);
  });

  test("a generated name is as long as possible, and differs for another seed", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.uint8Array({ minLength: 1 }), fc.integer({ min: 10, max: 64 }), (name, seed, longest) => {
        const type = of({ autoName: { input: "name", longest } });
        const made = String(checked(type, name, {}, {}, Buffer.from(seed)).name);
        expect(made.length).toBeLessThanOrEqual(longest);
        expect(made).toBe(checked(type, name, {}, {}, Buffer.from(seed)).name);
        expect(made).not.toBe(checked(type, name, {}, {}, Buffer.from([...seed, 1])).name);
      }),
    );
  });
});

describe("difference", () => {
  test.each<[string, StandInResource["replaceOn"], JsonObject, JsonObject, string[], string[]]>([
    ["nothing", "all", { a: { x: [1] } }, { a: { x: [1] } }, [], []],
    ["an update", undefined, { a: 1, b: 2 }, { a: 1, b: 3 }, ["b"], []],
    ["one of the keys", ["a"], { a: 1, b: 2 }, { a: 2, b: 3 }, ["a", "b"], ["a"]],
    ["none of the keys", ["a"], { a: 1, b: 2 }, { a: 1, b: 3 }, ["b"], []],
    ["all of them", "all", { a: 1, b: 2 }, { a: 1, b: 3 }, ["b"], ["b"]],
    ["one added, one removed, one deep inside", ["c"], { a: 1, d: { e: 1 } }, { c: 1, d: { e: 2 } }, ["a", "d", "c"], ["c"]],
  ])("%s", (_, replaceOn, olds, news, diffs, replaces) => {
    expect(difference(of(replaceOn ? { replaceOn } : {}), olds, news)).toEqual({ diffs, replaces });
  });
});

test("foreseen: what only the creation decides is unknown, unless it was given", () => {
  expect(foreseen(of({ computed: ["url", "email"] }), { email: "ada@acme.com", a: 1 })).toEqual({
    url: UNKNOWN,
    email: "ada@acme.com",
    a: 1,
  });
  expect(foreseen(of(), { a: 1 })).toEqual({ a: 1 });
});

test("asInputs: adds no input; shows drift; what the cloud does not return stays as it was", () => {
  expect(asInputs({ title: "a", secretData: "s" }, { title: "b", etag: "1" })).toEqual({ title: "b", secretData: "s" });
});

test("importedInputs: what the cloud returns, without what the provider sets", () => {
  const create = () => ({ id: "1" });
  expect(importedInputs({ computed: ["createDate"], create }, { user: "u", createDate: "now" })).toEqual({ user: "u" });
});
