import { randomUUID } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { until } from "../../until";
import { CLOUDS } from "./clouds";
import { memoryNotes } from "./memoryNotes";
import { never, runOf } from "./place";

// A cloud that takes a call and never answers. Here each call may take a second.

vi.mock("../../../src/targets/cloud/calls", async (original) => ({ ...(await original<object>()), CALL_TIMEOUT: 1_000 }));

describe.each(Object.entries(CLOUDS))("%s", (_, place) => {
  test.each([true, false])("no call waits for ever for its answer (done: %s)", { timeout: 60_000 }, async (after) => {
    const { open, plant, job, ran } = await place(memoryNotes());
    const target = await open();
    const silent = () => plant(/./, { kind: "hang", after });
    silent();
    const prepared = await target.prepare(target.plan(job, runOf(randomUUID())), never);
    silent();
    const id = await target.submit(prepared, never);
    silent();
    const end = await until(async () => {
      const seen = (await target.observe([id])).get(id);
      return seen?.phase === "ended" && seen;
    });
    expect([ran(), end.outcome]).toEqual([1, { kind: "exited", code: 0 }]);
  });
});
