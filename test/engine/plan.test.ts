import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Alias, formerUrns } from "../../src/engine/plan/aliases";
import { deletionLayers } from "../../src/engine/plan/deletions";
import { applyIgnoreChanges } from "../../src/engine/plan/ignoreChanges";
import type { Resource } from "../../src/engine/state/stackStore";
import { nameOf, urnOf } from "../../src/engine/urn";
import type { JsonObject } from "../../src/json";

const ROOT = "urn:pulumi:dev::conf::pulumi:pulumi:Stack::conf-dev";
const urn = (types: string, name: string) => `urn:pulumi:dev::conf::${types}::${name}`;

test.each([
  ["", "pulumi:pulumi:Stack", "conf-dev", ROOT],
  [ROOT, "a:b:C", "c", urn("a:b:C", "c")],
  [urn("a:b:C", "c"), "d:e:F", "f", urn("a:b:C$d:e:F", "f")],
  [urn("a:b:C$d:e:F", "f"), "g:h:I", "x::y", urn("a:b:C$d:e:F$g:h:I", "x::y")],
])("under parent %j, a %s named %s has the URN %s", (parent, type, name, expected) => {
  expect(urnOf("dev", "conf", parent, type, name)).toBe(expected);
  expect(nameOf(expected)).toBe(name);
});

describe("former URNs", () => {
  const spec = (over: Partial<Exclude<Alias, { urn: string }>>): Alias => ({
    name: "",
    type: "",
    project: "",
    stack: "",
    parent: "same",
    ...over,
  });
  const at = (parent: string, name = "c") => ({ stack: "dev", project: "conf", type: "a:b:C", name, parent });
  const box = urn("x:y:Box", "box");
  test.each<[string, ReturnType<typeof at>, Alias[], [string, string][], string[]]>([
    ["no alias", at(ROOT), [], [], []],
    ["another name", at(ROOT), [spec({ name: "old" })], [], [urn("a:b:C", "old")]],
    ["another type", at(box), [spec({ type: "a:b:Old" })], [], [urn("x:y:Box$a:b:Old", "c")]],
    ["another parent", at(box), [spec({ parent: { urn: urn("x:y:Crate", "crate") } })], [], [urn("x:y:Crate$a:b:C", "c")]],
    ["the stack as parent", at(box), [spec({ parent: { urn: ROOT } }), spec({ parent: "none" })], [], [urn("a:b:C", "c")]],
    ["another project and stack", at(ROOT), [spec({ project: "p", stack: "s" })], [], ["urn:pulumi:s::p::a:b:C::c"]],
    ["a complete URN", at(ROOT), [{ urn: "urn:pulumi:dev::conf::q:r:S::t" }], [], ["urn:pulumi:dev::conf::q:r:S::t"]],
    ["a parent that moved", at(box), [], [[box, urn("x:y:Crate", "box")]], [urn("x:y:Crate$a:b:C", "c")]],
    [
      "a child named after a parent that was renamed",
      at(box, "box-c"),
      [],
      [[box, urn("x:y:Box", "old")]],
      [urn("x:y:Box$a:b:C", "old-c")],
    ],
    [
      "its own alias and a parent that moved, in all combinations",
      at(box),
      [spec({ name: "was" })],
      [[box, urn("x:y:Crate", "box")]],
      [urn("x:y:Box$a:b:C", "was"), urn("x:y:Crate$a:b:C", "c"), urn("x:y:Crate$a:b:C", "was")],
    ],
  ])("%s", (_, resource, aliases, moved, expected) => {
    expect(formerUrns(resource, aliases, new Map(moved))).toEqual(expected);
  });
});

test.each<[string, JsonObject, JsonObject, string[], JsonObject]>([
  ["nothing ignored", { a: 1 }, { a: 2 }, [], { a: 2 }],
  ["a changed property", { a: 1, b: 1 }, { a: 2, b: 2 }, ["a"], { a: 1, b: 2 }],
  ["an added property", {}, { a: 2 }, ["a"], {}],
  ["a removed property", { a: 1 }, {}, ["a"], { a: 1 }],
  ["a nested property", { a: { b: [1, { c: 1 }] } }, { a: { b: [2, { c: 2 }] } }, ["a.b[1].c"], { a: { b: [2, { c: 1 }] } }],
  ["a quoted key", { a: { "b.c": 1 } }, { a: { "b.c": 2 } }, ['a["b.c"]'], { a: { "b.c": 1 } }],
  ["all properties", { a: 1, b: 1 }, { a: 2, c: 2 }, ["*"], { a: 1, b: 1 }],
  ["a property of each array item", { a: [{ x: 1, y: 1 }] }, { a: [{ x: 2, y: 2 }] }, ["a[*].x"], { a: [{ x: 1, y: 2 }] }],
  ["a path that does not exist", { a: 1 }, { a: 2 }, ["b.c", "a.d"], { a: 2 }],
])("ignoreChanges: %s", (_, before, wanted, paths, expected) => {
  const kept = structuredClone(wanted);
  expect(applyIgnoreChanges(before, wanted, paths)).toEqual(expected);
  expect(wanted).toEqual(kept);
});

// Random resources whose parents and dependencies come before them, and a random choice of them to delete.
const resources = fc
  .array(fc.record({ parent: fc.nat(), dependencies: fc.array(fc.nat(), { maxLength: 3 }), chosen: fc.boolean() }), { maxLength: 12 })
  .map((drawn) =>
    drawn.map(({ parent, dependencies, chosen }, index) => ({
      chosen,
      resource: {
        urn: `r${index}`,
        custom: false,
        type: "t",
        ...(index > 0 ? { parent: `r${parent % index}`, dependencies: dependencies.map((n) => `r${n % index}`) } : {}),
      } satisfies Resource,
    })),
  );

test("deletion: each chosen resource once, and none before a resource that requires it", () => {
  fc.assert(
    fc.property(resources, (drawn) => {
      const all = drawn.map(({ resource }) => resource as Resource);
      const chosen = new Set(drawn.flatMap(({ resource, chosen }) => (chosen ? [resource.urn] : [])));
      const layers = deletionLayers(all.filter(({ urn }) => chosen.has(urn)));
      const layerOf = new Map(layers.flatMap((layer, index) => layer.map(({ urn }) => [urn, index] as const)));
      expect(
        layers
          .flat()
          .map(({ urn }) => urn)
          .sort(),
      ).toEqual([...chosen].sort());
      for (const { urn, parent, dependencies = [] } of layers.flat())
        for (const needed of [...(parent ? [parent] : []), ...dependencies])
          if (chosen.has(needed)) expect(layerOf.get(needed)).toBeGreaterThan(layerOf.get(urn) as number);
    }),
  );
});
