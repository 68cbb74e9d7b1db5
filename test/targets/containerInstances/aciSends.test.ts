import { expect, test } from "vitest";
import type { CallOptions } from "../../../src/targets/cloud/calls";
import type { AciApi } from "../../../src/targets/containerInstances/aciApi";
import { openSends, type Wanted } from "../../../src/targets/containerInstances/aciSends";
import { until } from "../../until";
import { memoryNotes } from "../cloud/memoryNotes";

const WANTED: Wanted = { name: { subscription: "s", resourceGroup: "g", group: "a" }, run: "r" };

test("a process whose look takes minutes sends nothing if another process has sent meanwhile", async () => {
  let now = 1_000_000;
  const notes = { ...memoryNotes(), clock: () => now };
  const made: string[] = [];
  /** A process. Its looks end once `answered` does, and show what there was when they began. */
  const sender = (by: string, answered: Promise<unknown>) => {
    const looks: string[] = [];
    const api = {
      get: async () => {
        looks.push(by);
        const found = made.length > 0 ? { tags: { "pushpool-run": WANTED.run } } : undefined;
        await answered;
        return found;
      },
      create: async (_name: unknown, _group: unknown, { beforeTry, lastStep }: CallOptions) => {
        await beforeTry?.();
        await lastStep?.();
        made.push(by);
      },
    } as unknown as AciApi;
    const sends = openSends({ api, notes, settle: 1_000 });
    return { looks, send: () => sends.send(WANTED, {}, {} as never, new AbortController().signal) };
  };
  const slow = Promise.withResolvers<void>();
  const first = sender("first", slow.promise);
  const sent = first.send();
  await until(() => first.looks.length === 1);
  // Azure answers the first process with 429 for so long that its claim is over.
  now += 120_000;
  const id = await sender("second", Promise.resolve()).send();
  slow.resolve();
  expect(await sent).toBe(id);
  expect(made).toEqual(["second"]);
});
