import { describe, expect, test } from "vitest";
import { createSteps, deleteBeforeReplaceSteps, keepSteps, recreateSteps, replaceSteps, updateSteps } from "../../src/engine/plan/decide";
import { deletionLayers } from "../../src/engine/plan/deletions";
import { dependentQuestion } from "../../src/engine/plan/dependents";
import { compareInputs, type DiffDecision, decideOnDiff, UNCHANGED } from "../../src/engine/plan/diffDecision";
import { fromProgram, secretOf, withOpenSecrets, withoutReferences, withSecretsAt, withSecretsLike } from "../../src/engine/propertyWire";
import type { Diff } from "../../src/engine/provider";
import { Snapshot } from "../../src/engine/state/snapshot";
import type { Resource } from "../../src/engine/state/stackStore";
import type { Step } from "../../src/engine/state/step";
import { UNKNOWN } from "../../src/unknown";

const thing = (urn: string, over: Partial<Resource> = {}): Resource => ({ urn, custom: true, type: "d:i:T", ...over });

describe("the decision on a diff", () => {
  const said = (over: Partial<Diff>): Diff => ({ changes: "none", replaces: [], diffs: [], deleteBeforeReplace: false, ...over });
  const update = { kind: "update", input: true } as const;
  test.each<[string, Diff, string[], Partial<DiffDecision>]>([
    ["nothing", said({}), [], { changed: false, replace: false }],
    ["something", said({ changes: "some", diffs: ["a"] }), [], { changed: true, replace: false, diffs: ["a"] }],
    ["a replacement", said({ changes: "some", diffs: ["a"], replaces: ["a"] }), [], { replace: true, keys: ["a"] }],
    [
      "a comparison that the provider leaves to the engine",
      said({ changes: "unknown" }),
      [],
      { changed: true, diffs: ["a"], detailed: { "a.x": update } },
    ],
    ["replaceOnChanges of a property", said({ changes: "some", diffs: ["a"] }), ["a"], { replace: true, keys: ["a"] }],
    ["replaceOnChanges of all", said({ changes: "some", diffs: ["a"] }), ["*"], { replace: true, keys: ["a"] }],
    ["replaceOnChanges of a property that did not change", said({ changes: "some", diffs: ["a"] }), ["b"], { replace: false }],
    [
      "replaceOnChanges of a nested property: a detailed path matches, no top-level key does",
      said({ changes: "some", diffs: ["a"], detailed: { "a.x": update } }),
      ["a.x"],
      { replace: true, keys: [], detailed: { "a.x": { kind: "update-replace", input: true } } },
    ],
    ["replaceOnChanges where nothing changes", said({}), ["*"], { changed: false, replace: false }],
  ])("%s", (_, diff, replaceOnChanges, expected) => {
    expect(decideOnDiff(diff, { oldInputs: { a: { x: 1 } }, inputs: { a: { x: 2 } }, ignoreChanges: [], replaceOnChanges })).toMatchObject(
      expected,
    );
  });

  test("the engine compares inputs", () => {
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

describe("the steps of a decision", () => {
  const old = thing("a", { id: "1", inputs: { n: 1 }, outputs: { o: 1 }, created: "t" });
  const next = thing("a", { inputs: { n: 2 } });
  const because: DiffDecision = { ...UNCHANGED, changed: true, replace: true, keys: ["n"], diffs: ["n"] };
  const ops = (steps: Step[]) => steps.map(({ op, urn }) => `${op} ${urn}`);
  test.each<[string, Step[], string[]]>([
    ["create", createSteps(next), ["create a"]],
    ["keep", keepSteps(old, next), ["same a"]],
    ["update", updateSteps(old, next, because, []), ["update a"]],
    ["create the replacement before the deletion", replaceSteps(old, next, because), ["create-replacement a", "replace a"]],
    [
      "delete dependents, then the resource, then create",
      deleteBeforeReplaceSteps(old, next, because, [
        { resource: thing("c"), keys: [] },
        { resource: thing("b"), keys: [] },
      ]),
      ["delete-replaced c", "delete-replaced b", "delete-replaced a", "replace a", "create-replacement a"],
    ],
    [
      "create only, after an interrupted replacement",
      deleteBeforeReplaceSteps({ ...old, pendingReplacement: true }, next, because, []),
      ["replace a", "create-replacement a"],
    ],
    [
      "replace a dependent without a reason of its own",
      recreateSteps(old, next, because, { isDependent: true }),
      ["replace a", "create-replacement a"],
    ],
  ])("%s", (_, steps, expected) => {
    expect(ops(steps)).toEqual(expected);
  });

  test("a resource that stays keeps its id and outputs when its options change", () => {
    expect(keepSteps(old, { ...next, protect: true })[0]?.next).toEqual({
      ...next,
      protect: true,
      id: "1",
      outputs: { o: 1 },
      created: "t",
    });
  });
});

test.each<[string, Resource, ReturnType<typeof dependentQuestion>]>([
  ["a component", thing("b", { custom: false, inputs: { x: 1 }, propertyDependencies: { x: ["a"] } }), { kind: "stays" }],
  ["a resource that only waits for it", thing("b", { inputs: { x: 1 }, dependencies: ["a"] }), { kind: "stays" }],
  [
    "a resource with an input from it",
    thing("b", { inputs: { x: { y: 1 }, z: 2 }, propertyDependencies: { x: ["a"] } }),
    { kind: "ask", inputs: { x: UNKNOWN, z: 2 } },
  ],
  ["a resource whose provider it is", thing("b", { provider: "a::1" }), { kind: "replaced" }],
])("deleted before replacement: %s", (_, resource, expected) => {
  expect(dependentQuestion(resource, new Set(["a"]))).toEqual(expected);
});

test("deletion goes by depth: a resource without requirements is last, even if nothing requires it", () => {
  const chain = [thing("a"), thing("b", { dependencies: ["a"] }), thing("c", { propertyDependencies: { x: ["b"] } }), thing("e")];
  expect(deletionLayers(chain).map((layer) => layer.map(({ urn }) => urn))).toEqual([["c"], ["b"], ["a", "e"]]);
});

describe("the state during an operation", () => {
  const old = thing("a", { id: "1" });
  const made = thing("a", { id: "2" });
  const start = () => new Snapshot([old], []);
  const step = (over: Partial<Step>): Step => ({ op: "create", urn: "a", type: "d:i:T", ...over });

  test("a creation is pending until the resource is in the state", () => {
    const snapshot = new Snapshot([], []);
    const create = step({ next: thing("a") });
    expect(snapshot.begin(create)).toBe(true);
    expect(snapshot.pending()).toEqual([{ resource: thing("a"), type: "creating" }]);
    snapshot.end(create, made);
    expect([snapshot.resources(), snapshot.pending()]).toEqual([[made], []]);
  });

  test("a replacement exists beside the old resource until that is deleted", () => {
    const snapshot = start();
    snapshot.end(step({ op: "create-replacement", old, next: made, oldRemains: true }), made);
    expect(snapshot.resources()).toEqual([made, { ...old, delete: true }]);
    snapshot.end(step({ op: "delete-replaced", old }), undefined);
    expect(snapshot.resources()).toEqual([made]);
  });

  test("a resource that is deleted first stays in the state until its replacement is created", () => {
    const snapshot = start();
    snapshot.end(step({ op: "delete-replaced", old, replacementFollows: true }), undefined);
    expect(snapshot.resources()).toEqual([{ ...old, pendingReplacement: true }]);
    snapshot.end(step({ op: "create-replacement", old, next: made }), made);
    expect(snapshot.resources()).toEqual([made]);
  });

  test("a failed update leaves the old resource", () => {
    const snapshot = start();
    const update = step({ op: "update", old, next: made });
    snapshot.begin(update);
    expect(snapshot.fail(update)).toBe(true);
    expect([snapshot.resources(), snapshot.pending()]).toEqual([[old], []]);
  });
});

test("an output is secret if the input at the same place is, or if an option says so", () => {
  const inputs = { key: secretOf("k"), tags: { hidden: secretOf("h"), open: "o" }, list: [1, secretOf(2)] };
  const outputs = { key: "k", tags: { hidden: "h", open: "o" }, list: [1, 2], copy: "k" };
  expect(withSecretsLike(outputs, inputs)).toEqual({
    key: secretOf("k"),
    tags: { hidden: secretOf("h"), open: "o" },
    list: secretOf([1, 2]),
    copy: "k",
  });
  expect(withSecretsAt(outputs, ["copy", "absent"])).toMatchObject({ copy: secretOf("k") });
  expect(withOpenSecrets(withSecretsLike(outputs, inputs))).toEqual(outputs);
});

test("a reference is completed from its URN; a provider without references gets the id", () => {
  const mark = { "4dabf18193072939515e22adb298388d": "5cf8f73096256a8f31e491e813e4eb8e" };
  const urn = "urn:pulumi:s::p::a:b:C$d:e:F::f";
  expect(fromProgram({ ...mark, urn, id: UNKNOWN })).toEqual({ ...mark, urn, id: "", name: "f", type: "d:e:F" });
  expect(
    withoutReferences([
      { ...mark, urn, id: "7" },
      { ...mark, urn, id: "" },
      { ...mark, urn },
    ]),
  ).toEqual(["7", UNKNOWN, urn]);
});
