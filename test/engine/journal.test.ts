import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { statePath } from "../../src/engine/state/deployment";
import { digestOf } from "../../src/engine/state/journal";
import { type Edit, Snapshot } from "../../src/engine/state/snapshot";
import { type Resource, StackStore } from "../../src/engine/state/stackStore";
import { foldJournal, readState } from "../../src/engine/state/stateFile";
import type { Step } from "../../src/engine/state/step";
import { secretOf } from "../../src/engine/wire";
import { scratch } from "../scratch";

const thing = (name: string, over: Partial<Resource> = {}): Resource => ({ urn: `urn:${name}`, custom: true, type: "d:i:T", ...over });
const FEW = ["a", "b", "c"].map((name, index, names) =>
  thing(name, { id: "1", dependencies: names.slice(0, index).map((n) => `urn:${n}`) }),
);

/** A step on one of what was before, or on something new, and how it ends. */
const anyStep = fc.record({
  op: fc.constantFrom<Step["op"]>(
    ...(["create", "same", "update", "delete", "delete-replaced", "create-replacement"] as const),
    ...(["remove-pending-replace", "replace", "refresh"] as const),
  ),
  of: fc.nat(2),
  urn: fc.constantFrom("urn:a", "urn:moved", "urn:new"),
  first: fc.boolean(),
  end: fc.constantFrom("done", "failed", "never"),
});

test("what is noted gives the same state when it is read again, wherever it was cut off", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 12 }), (plan) => {
      const live = new Snapshot(FEW, []);
      const again = new Snapshot(FEW, []);
      for (const { op, of, urn, first, end } of plan) {
        const old = op === "create" ? undefined : FEW[of];
        const next = thing("n", { urn, id: "2" });
        const step: Step = { op, urn, type: "d:i:T", next, ...(old ? { old } : {}), oldRemains: first, replacementFollows: first };
        live.begin(step);
        const result = op.startsWith("delete") || op === "remove-pending-replace" ? undefined : { ...next, outputs: { n: of } };
        if (end === "done") live.end(step, result);
        if (end === "failed") live.fail(step);
        if (end === "done" && result) live.change(result, { ...result, outputs: {} });
        for (const edit of JSON.parse(JSON.stringify(live.takeEdits())) as Edit[]) again.apply(edit);
        expect([again.resources(), again.pending()]).toEqual([live.resources(), live.pending()]);
      }
    }),
  );
});

test("edits that could not be written come again, before what follows", () => {
  const live = new Snapshot([], []);
  const step = { op: "create", urn: "urn:a", type: "d:i:T", next: thing("a") } as const;
  live.begin(step);
  const taken = live.takeEdits();
  live.end(step, thing("a", { id: "1" }));
  live.giveBack(taken);
  expect(live.takeEdits().map(({ edit }) => edit)).toEqual(["begin", "end", "put"]);
});

function stackIn(home: string): { path: string; open: () => StackStore } {
  const place = { stateHome: join(home, "state"), project: "conf", stack: "dev", env: { PULUMI_CONFIG_PASSPHRASE: "" } };
  return { path: statePath(home, "conf", "dev"), open: () => StackStore.open(home, place) };
}

const put = (at: number, resource: Resource): Edit => ({ edit: "put", at, resource });

test("what was noted is in the state before it is folded and after, secrets sealed", async () => {
  const { path, open } = stackIn(scratch());
  const made = thing("a", { id: "1", outputs: { key: secretOf("hunter2") } });
  await open().note([put(0, made)]);
  expect(readFileSync(`${path}.journal`, "utf8")).not.toContain("hunter2");
  for (let round = 0; round < 2; round++) {
    expect(await open().read()).toEqual([made]);
    foldJournal(path);
    expect(existsSync(`${path}.journal`)).toBe(false);
  }
});

test("an operation that ends writes the whole, and leaves no journal", async () => {
  const { path, open } = stackIn(scratch());
  const store = open();
  await store.note([{ edit: "begin", operation: 0, type: "creating", resource: thing("a") }]);
  expect(readState(path)?.deployment.pending_operations).toEqual([{ resource: thing("a"), type: "creating" }]);
  await store.write([thing("a", { id: "1" })]);
  expect(existsSync(`${path}.journal`)).toBe(false);
  expect(readState(path)?.deployment).toMatchObject({ resources: [thing("a", { id: "1" })] });
});

test("a line that was cut off counts as not written", async () => {
  const { path, open } = stackIn(scratch());
  await open().note([put(0, thing("a", { id: "1" }))]);
  for (const torn of ['{"edit":"put","at":1,"reso', "\u0000\u0000\n"]) {
    const whole = readFileSync(`${path}.journal`, "utf8");
    appendFileSync(`${path}.journal`, torn);
    expect(readState(path)?.deployment.resources.map(({ urn }) => urn)).toEqual(["urn:a"]);
    writeFileSync(`${path}.journal`, whole);
  }
});

test("one that was folded already is not applied again", async () => {
  const { path, open } = stackIn(scratch());
  const store = open();
  await store.note([put(0, thing("a", { id: "1" }))]);
  const journal = readFileSync(`${path}.journal`, "utf8");
  await store.write([thing("a", { id: "1" })]);
  const state = readFileSync(path, "utf8");
  const digest = digestOf(state);
  writeFileSync(`${path}.journal`, `${journal}${JSON.stringify({ folded: digest })}\n`);
  foldJournal(path);
  expect([readFileSync(path, "utf8"), existsSync(`${path}.journal`)]).toEqual([state, false]);
});

test.each([
  ["is no journal", (text: string) => `${text}[]\n${text}`, /line \d+ is none of a journal|cannot be read/],
  ["is damaged in the middle", (text: string) => text.replace("\n", "\n{broken\n"), /cannot be read: line 2 is not JSON/],
  [
    "is of places that are not there",
    (text: string) => `${text}${JSON.stringify({ edit: "drop", of: 7 })}\n`,
    /does not fit: there was no resource 7/,
  ],
  ["is of another state", (text: string) => text.replace(/"state":"./, '"state":"x'), /does not belong to what the state holds/],
])("a journal that %s is refused with its path, and both files are left as they are", async (_, damage, message) => {
  const { path, open } = stackIn(scratch());
  await open().note([put(0, thing("a", { id: "1" }))]);
  const damaged = damage(readFileSync(`${path}.journal`, "utf8"));
  const state = readFileSync(path, "utf8");
  writeFileSync(`${path}.journal`, damaged);
  expect(() => foldJournal(path)).toThrow(message);
  expect(() => foldJournal(path)).toThrow(`${path}.journal`);
  expect([readFileSync(path, "utf8"), readFileSync(`${path}.journal`, "utf8")]).toEqual([state, damaged]);
});
