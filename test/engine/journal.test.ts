import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { type FileHandle, open as openFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { secretOf } from "../../src/engine/propertyWire";
import { stateDigest } from "../../src/engine/state/journal";
import { type Edit, Snapshot } from "../../src/engine/state/snapshot";
import { type Resource, StackStore } from "../../src/engine/state/stackStore";
import { mergeJournal, readState } from "../../src/engine/state/stateFile";
import { statePath } from "../../src/engine/state/stateFormat";
import type { Step } from "../../src/engine/state/step";
import { scratch } from "../scratch";

const thing = (name: string, over: Partial<Resource> = {}): Resource => ({ urn: `urn:${name}`, custom: true, type: "d:i:T", ...over });
const FEW = ["a", "b", "c"].map((name, index, names) =>
  thing(name, { id: "1", dependencies: names.slice(0, index).map((n) => `urn:${n}`) }),
);

/** A step on an old resource or a new one, and how it ends. */
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

test("replayed edits give the same state, wherever the operation was interrupted", () => {
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

test("edits that could not be written come first in the next batch", () => {
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

test("journal entries count before and after they are merged, and their secrets are encrypted", async () => {
  const { path, open } = stackIn(scratch());
  const made = thing("a", { id: "1", outputs: { key: secretOf("hunter2") } });
  await open().appendEdits([put(0, made)]);
  expect(readFileSync(`${path}.journal`, "utf8")).not.toContain("hunter2");
  for (let round = 0; round < 2; round++) {
    expect(await open().read()).toEqual([made]);
    mergeJournal(path);
    expect(existsSync(`${path}.journal`)).toBe(false);
  }
});

test("an operation that ends writes the whole state, and removes the journal", async () => {
  const { path, open } = stackIn(scratch());
  const store = open();
  await store.appendEdits([{ edit: "begin", operation: 0, type: "creating", resource: thing("a") }]);
  expect(readState(path)?.deployment.pending_operations).toEqual([{ resource: thing("a"), type: "creating" }]);
  await store.write([thing("a", { id: "1" })]);
  expect(existsSync(`${path}.journal`)).toBe(false);
  expect(readState(path)?.deployment).toMatchObject({ resources: [thing("a", { id: "1" })] });
});

test("an incomplete line counts as not written", async () => {
  const { path, open } = stackIn(scratch());
  await open().appendEdits([put(0, thing("a", { id: "1" }))]);
  for (const torn of ['{"edit":"put","at":1,"reso', "\u0000\u0000\n"]) {
    const whole = readFileSync(`${path}.journal`, "utf8");
    appendFileSync(`${path}.journal`, torn);
    expect(readState(path)?.deployment.resources.map(({ urn }) => urn)).toEqual(["urn:a"]);
    writeFileSync(`${path}.journal`, whole);
  }
});

test("a journal that was merged already is not applied again", async () => {
  const { path, open } = stackIn(scratch());
  const store = open();
  await store.appendEdits([put(0, thing("a", { id: "1" }))]);
  const journal = readFileSync(`${path}.journal`, "utf8");
  await store.write([thing("a", { id: "1" })]);
  const state = readFileSync(path, "utf8");
  const digest = stateDigest(state);
  writeFileSync(`${path}.journal`, `${journal}${JSON.stringify({ folded: digest })}\n`);
  mergeJournal(path);
  expect([readFileSync(path, "utf8"), existsSync(`${path}.journal`)]).toEqual([state, false]);
});

test.each([
  ["is not a journal", (text: string) => `${text}[]\n${text}`, /line \d+ is not a journal entry|cannot be read/],
  ["is damaged in the middle", (text: string) => text.replace("\n", "\n{broken\n"), /cannot be read: line 2 is invalid JSON/],
  [
    "names places that do not exist",
    (text: string) => `${text}${JSON.stringify({ edit: "drop", of: 7 })}\n`,
    /does not match the state: resource 7 does not exist/,
  ],
  ["belongs to another state", (text: string) => text.replace(/"state":"./, '"state":"x'), /does not belong to this state/],
])("a journal that %s is refused with its path, and both files are not changed", async (_, damage, message) => {
  const { path, open } = stackIn(scratch());
  await open().appendEdits([put(0, thing("a", { id: "1" }))]);
  const damaged = damage(readFileSync(`${path}.journal`, "utf8"));
  const state = readFileSync(path, "utf8");
  writeFileSync(`${path}.journal`, damaged);
  expect(() => mergeJournal(path)).toThrow(message);
  expect(() => mergeJournal(path)).toThrow(`${path}.journal`);
  expect([readFileSync(path, "utf8"), readFileSync(`${path}.journal`, "utf8")]).toEqual([state, damaged]);
});

/** Let the next write to a file store only its first bytes, as a full disk does. */
async function cutNextWrite(file: string, bytes: number): Promise<void> {
  const handle = await openFile(file, "r");
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const write = prototype.write as (this: FileHandle, content: Buffer, from: number, length: number, position: number) => Promise<unknown>;
  const spy = vi.spyOn(prototype, "write").mockImplementationOnce(async function (this: FileHandle, ...args: unknown[]) {
    const [content, from, , position] = args as [Buffer, number, number, number];
    await write.call(this, content, from, bytes, position);
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
  } as never);
  onTestFinished(() => spy.mockRestore());
}

test("a line that is shorter than the one that a full disk cut short leaves nothing of it behind", async () => {
  const { path, open } = stackIn(scratch());
  const store = open();
  const [first, second] = [thing("a", { id: "1" }), thing("b", { id: "2" })];
  await store.appendEdits([put(0, first)]);
  await cutNextWrite(path, 4_000);
  const long = thing("long", { id: "3", outputs: { text: "x".repeat(1_500) } });
  await expect(store.appendEdits([1, 2, 3].map((at) => put(at, long)))).rejects.toThrow("ENOSPC");
  await store.appendEdits([put(1, second)]);
  expect(readState(path)?.deployment.resources).toEqual([first, second]);
});
