import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { until } from "../../until";
import { CLOUDS } from "./clouds";
import { memoryNotes } from "./memoryNotes";
import { never, runOf } from "./place";

// Replies that a proxy has cut or replaced, after the cloud has done what it was asked.

describe.each(Object.entries(CLOUDS))("%s", (_, place) => {
  test.each(["halfReply", "emptyReply"] as const)("%s: the run starts once, and its end is known", async (kind) => {
    const { open, plant, start, job, ran } = await place(memoryNotes());
    const target = await open();
    plant(start, { kind });
    const id = await target.submit(await target.prepare(target.plan(job, runOf(randomUUID())), never), never);
    plant(/./, { kind });
    const end = await until(async () => {
      const seen = (await target.observe([id])).get(id);
      return seen?.phase === "ended" && seen;
    });
    expect([ran(), end.outcome]).toEqual([1, { kind: "exited", code: 0 }]);
  });
});
