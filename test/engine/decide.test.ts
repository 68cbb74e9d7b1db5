import { describe, expect, test } from "vitest";
import { creating, deletingFirst, keeping, recreating, replacing, updating } from "../../src/engine/plan/decide";
import { deletionLayers } from "../../src/engine/plan/deletions";
import { dependentQuestion } from "../../src/engine/plan/dependents";
import { compareInputs, UNCHANGED, type Verdict, verdictOf } from "../../src/engine/plan/diff";
import type { Diff } from "../../src/engine/provider";
import { Snapshot } from "../../src/engine/state/snapshot";
import type { Resource } from "../../src/engine/state/stackStore";
import type { Step } from "../../src/engine/state/step";
import { received, secretAt, secretLike, secretOf, UNKNOWN, withoutReferences, withoutSecrets } from "../../src/engine/wire";

const thing = (urn: string, over: Partial<Resource> = {}): Resource => ({ urn, custom: true, type: "d:i:T", ...over });

describe("what differs", () => {
  const said = (over: Partial<Diff>): Diff => ({ changes: "none", replaces: [], diffs: [], deleteBeforeReplace: false, ...over });
  const update = { kind: "update", input: true } as const;
  test.each<[string, Diff, string[], Partial<Verdict>]>([
    ["nothing", said({}), [], { changed: false, replace: false }],
    ["something", said({ changes: "some", diffs: ["a"] }), [], { changed: true, replace: false, diffs: ["a"] }],
    ["a replacement", said({ changes: "some", diffs: ["a"], replaces: ["a"] }), [], { replace: true, keys: ["a"] }],
    ["left to the engine", said({ changes: "unknown" }), [], { changed: true, diffs: ["a"], detailed: { "a.x": update } }],
    ["replaceOnChanges of a property", said({ changes: "some", diffs: ["a"] }), ["a"], { replace: true, keys: ["a"] }],
    ["replaceOnChanges of all", said({ changes: "some", diffs: ["a"] }), ["*"], { replace: true, keys: ["a"] }],
    ["replaceOnChanges of another", said({ changes: "some", diffs: ["a"] }), ["b"], { replace: false }],
    [
      "replaceOnChanges of a nested one: the path says it, no key does",
      said({ changes: "some", diffs: ["a"], detailed: { "a.x": update } }),
      ["a.x"],
      { replace: true, keys: [], detailed: { "a.x": { kind: "update-replace", input: true } } },
    ],
    ["replaceOnChanges where nothing changes", said({}), ["*"], { changed: false, replace: false }],
  ])("%s", (_, diff, replaceOnChanges, expected) => {
    expect(verdictOf(diff, { oldInputs: { a: { x: 1 } }, inputs: { a: { x: 2 } }, ignoreChanges: [], replaceOnChanges })).toMatchObject(
      expected,
    );
  });

  test("the inputs, compared by the engine", () => {
    const { diffs, detailed } = compareInputs({ a: 1, b: [1, { c: 2 }], gone: 1 }, { a: 1, b: [1, { c: 3 }, 4], "new.one": 1 });
    expect(diffs).toEqual(["b", "gone", "new.one"]);
    expect(Object.fromEntries(Object.entries(detailed).map(([path, { kind }]) => [path, kind]))).toEqual({
      "b[1].c": "update",
      "b[2]": "add",
      gone: "delete",
      '["new.one"]': "add",
    });
  });
});

describe("the steps", () => {
  const old = thing("a", { id: "1", inputs: { n: 1 }, outputs: { o: 1 }, created: "t" });
  const next = thing("a", { inputs: { n: 2 } });
  const because: Verdict = { ...UNCHANGED, changed: true, replace: true, keys: ["n"], diffs: ["n"] };
  const ops = (steps: Step[]) => steps.map(({ op, urn }) => `${op} ${urn}`);
  test.each<[string, Step[], string[]]>([
    ["made", creating(next), ["create a"]],
    ["kept", keeping(old, next), ["same a"]],
    ["changed", updating(old, next, because, []), ["update a"]],
    ["replaced, the old one standing", replacing(old, next, because), ["create-replacement a", "replace a"]],
    [
      "deleted first, what hangs on it before it",
      deletingFirst(old, next, because, [
        { resource: thing("c"), keys: [] },
        { resource: thing("b"), keys: [] },
      ]),
      ["delete-replaced c", "delete-replaced b", "delete-replaced a", "replace a", "create-replacement a"],
    ],
    ["deleted already", deletingFirst({ ...old, pendingReplacement: true }, next, because, []), ["replace a", "create-replacement a"]],
    ["gone with another", recreating(old, next, because, { condemned: true }), ["replace a", "create-replacement a"]],
  ])("%s", (_, steps, expected) => {
    expect(ops(steps)).toEqual(expected);
  });

  test("what stays keeps its id and outputs, whatever its options have become", () => {
    expect(keeping(old, { ...next, protect: true })[0]?.next).toEqual({ ...next, protect: true, id: "1", outputs: { o: 1 }, created: "t" });
  });
});

test.each<[string, Resource, ReturnType<typeof dependentQuestion>]>([
  ["a component", thing("b", { custom: false, inputs: { x: 1 }, propertyDependencies: { x: ["a"] } }), { kind: "stays" }],
  ["one that only waits for it", thing("b", { inputs: { x: 1 }, dependencies: ["a"] }), { kind: "stays" }],
  [
    "one of its inputs comes from it",
    thing("b", { inputs: { x: { y: 1 }, z: 2 }, propertyDependencies: { x: ["a"] } }),
    { kind: "ask", inputs: { x: UNKNOWN, z: 2 } },
  ],
  ["its provider is it", thing("b", { provider: "a::1" }), { kind: "replaced" }],
])("deleted before replacement: %s", (_, resource, expected) => {
  expect(dependentQuestion(resource, new Set(["a"]))).toEqual(expected);
});

test("deletion goes by depth: what needs nothing goes last, even if nothing needs it", () => {
  const chain = [thing("a"), thing("b", { dependencies: ["a"] }), thing("c", { propertyDependencies: { x: ["b"] } }), thing("e")];
  expect(deletionLayers(chain).map((layer) => layer.map(({ urn }) => urn))).toEqual([["c"], ["b"], ["a", "e"]]);
});

describe("the state on the way", () => {
  const old = thing("a", { id: "1" });
  const made = thing("a", { id: "2" });
  const start = () => new Snapshot([old], []);
  const step = (over: Partial<Step>): Step => ({ op: "create", urn: "a", type: "d:i:T", ...over });

  test("a creation is under way until it is in the state", () => {
    const snapshot = new Snapshot([], []);
    const create = step({ next: thing("a") });
    expect(snapshot.begin(create)).toBe(true);
    expect(snapshot.pending()).toEqual([{ resource: thing("a"), type: "creating" }]);
    snapshot.end(create, made);
    expect([snapshot.resources(), snapshot.pending()]).toEqual([[made], []]);
  });

  test("a replacement stands beside the old one, which is still to be deleted", () => {
    const snapshot = start();
    snapshot.end(step({ op: "create-replacement", old, next: made, oldRemains: true }), made);
    expect(snapshot.resources()).toEqual([made, { ...old, delete: true }]);
    snapshot.end(step({ op: "delete-replaced", old }), undefined);
    expect(snapshot.resources()).toEqual([made]);
  });

  test("one that is deleted first is remembered until its replacement is made", () => {
    const snapshot = start();
    snapshot.end(step({ op: "delete-replaced", old, replacementFollows: true }), undefined);
    expect(snapshot.resources()).toEqual([{ ...old, pendingReplacement: true }]);
    snapshot.end(step({ op: "create-replacement", old, next: made }), made);
    expect(snapshot.resources()).toEqual([made]);
  });

  test("what failed leaves what there was", () => {
    const snapshot = start();
    const update = step({ op: "update", old, next: made });
    snapshot.begin(update);
    expect(snapshot.fail(update)).toBe(true);
    expect([snapshot.resources(), snapshot.pending()]).toEqual([[old], []]);
  });
});

test("outputs are as secret as the inputs at their place, and as an option makes them", () => {
  const inputs = { key: secretOf("k"), tags: { hidden: secretOf("h"), open: "o" }, list: [1, secretOf(2)] };
  const outputs = { key: "k", tags: { hidden: "h", open: "o" }, list: [1, 2], copy: "k" };
  expect(secretLike(outputs, inputs)).toEqual({
    key: secretOf("k"),
    tags: { hidden: secretOf("h"), open: "o" },
    list: secretOf([1, 2]),
    copy: "k",
  });
  expect(secretAt(outputs, ["copy", "absent"])).toMatchObject({ copy: secretOf("k") });
  expect(withoutSecrets(secretLike(outputs, inputs))).toEqual(outputs);
});

test("a reference is completed from its URN; one that takes none gets the id", () => {
  const mark = { "4dabf18193072939515e22adb298388d": "5cf8f73096256a8f31e491e813e4eb8e" };
  const urn = "urn:pulumi:s::p::a:b:C$d:e:F::f";
  expect(received({ ...mark, urn, id: UNKNOWN })).toEqual({ ...mark, urn, id: "", name: "f", type: "d:e:F" });
  expect(
    withoutReferences([
      { ...mark, urn, id: "7" },
      { ...mark, urn, id: "" },
      { ...mark, urn },
    ]),
  ).toEqual(["7", UNKNOWN, urn]);
});
