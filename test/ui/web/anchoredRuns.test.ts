import fc from "fast-check";
import { expect, test } from "vitest";
import type { RunRow } from "../../../src/ui/wire";
import {
  type AnchoredRuns,
  anchored,
  missingOffset,
  newestKnown,
  withChanged,
  withFresh,
  withFreshOnTop,
  withPage,
} from "../../../web/runs/anchoredRuns";

/** A run whose name and id are its number; higher is newer. */
function run(number: number, version = 1): RunRow {
  const at = new Date(number * 1000).toISOString();
  return {
    id: String(number),
    name: String(number),
    stack: "p/s",
    deployment: "f/d",
    workPool: "pool",
    workQueue: "default",
    tags: [],
    attempt: 1,
    state: { type: "RUNNING", name: "Running", timestamp: at },
    createdAt: at,
    version,
    on: "ledger",
  };
}

/** Runs from a number down. */
const down = (from: number, count: number) => Array.from({ length: count }, (_, at) => run(from - at));
const ids = (list: AnchoredRuns) => Array.from(list.rows, (row) => row?.id ?? "-").join(" ");

test("a page fills its places, and the rest is missing", () => {
  const list = anchored({ runs: down(9, 3), total: 9, upTo: "9" });
  expect(ids(list)).toBe("9 8 7 - - - - - -");
  expect(missingOffset(list, 0, 3)).toBeNull();
  expect(missingOffset(list, 1, 6)).toBe(3);
  const more = withPage(list, { runs: down(5, 3), total: 9, upTo: "9" }, 4);
  expect(ids(more)).toBe("9 8 7 - 5 4 3 - -");
  expect(missingOffset(more, 4, 100)).toBe(7);
});

test("if the runs moved in between, none appears twice", () => {
  const list = anchored({ runs: down(9, 5), total: 9, upTo: "9" });
  expect(ids(withPage(list, { runs: down(5, 3), total: 8, upTo: "9" }, 3))).toBe("- - - 5 4 3 - -");
  expect(ids(withPage(list, { runs: down(5, 3), total: 9, upTo: "9" }, 3))).toBe("- - - 5 4 3 - - -");
});

test("a newer version replaces a run; an older one does not", () => {
  const list = anchored({ runs: [run(2, 5), run(1, 5)], total: 3, upTo: "2" });
  const changed = withChanged(list, [run(2, 6), run(1, 4), run(7, 1)]);
  expect(Array.from(changed.rows, (row) => row?.version)).toEqual([6, 5, undefined]);
  expect(withPage(changed, { runs: [run(2, 5), run(1, 7)], total: 3, upTo: "2" }, 0).rows.map((row) => row?.version)).toEqual([
    6,
    7,
    undefined,
  ]);
});

test("new runs wait, and move nothing until they are wanted", () => {
  const list = withFresh(withFresh(anchored({ runs: down(3, 2), total: 3, upTo: "3" }), [run(4)], 1), [run(6), run(5)], 2);
  expect(ids(list)).toBe("3 2 -");
  expect(list.freshCount).toBe(3);
  expect(newestKnown(list)).toBe("6");
  const merged = withFreshOnTop(list) as AnchoredRuns;
  expect(ids(merged)).toBe("6 5 4 3 2 -");
  expect(merged).toMatchObject({ upTo: "6", fresh: [], freshCount: 0 });
});

test("a run that comes twice counts once", () => {
  const list = withFresh(withFresh(anchored({ runs: down(3, 3), total: 3, upTo: "3" }), [run(4)], 1), [run(5), run(4), run(3)], 3);
  expect(list.freshCount).toBe(2);
  expect(ids(withFreshOnTop(list) as AnchoredRuns)).toBe("5 4 3 2 1");
});

test("if more runs are new than were sent, the list must load again", () => {
  const list = withFresh(anchored({ runs: down(3, 3), total: 3, upTo: "3" }), down(203, 100), 200);
  expect(list.freshCount).toBe(200);
  expect(withFreshOnTop(list)).toBeNull();
});

test("an empty list gets its first runs", () => {
  const list = withFresh(anchored({ runs: [], total: 0, upTo: null }), [run(1)], 1);
  expect(newestKnown(list)).toBe("1");
  expect(ids(withFreshOnTop(list) as AnchoredRuns)).toBe("1");
});

test("wherever the reader scrolls, the loaded runs are those of the whole list, in order", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(490), { maxLength: 20 }), fc.nat(5), (offsets, fresh) => {
      let list = anchored({ runs: down(500, 10), total: 500, upTo: "500" });
      for (const offset of offsets) list = withPage(list, { runs: down(500 - offset, 10), total: 500, upTo: "500" }, offset);
      list = withFreshOnTop(withFresh(list, down(500 + fresh, fresh), fresh)) as AnchoredRuns;
      expect(list.rows.length).toBe(500 + fresh);
      list.rows.forEach((row, at) => {
        if (row) expect(row.id).toBe(String(500 + fresh - at));
      });
      expect(list.rows.filter(Boolean).length).toBeGreaterThanOrEqual(10 + fresh);
    }),
  );
});
