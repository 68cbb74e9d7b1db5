import fc from "fast-check";
import { expect, test } from "vitest";
import { isAtEnd, revealed, windowAt } from "../../../web/parts/virtualWindow";

const shape = { rowHeight: 20, count: 100_000, viewport: 400 };

test.each<[string, number, { first: number; last: number }]>([
  ["at the top", 0, { first: 0, last: 22 }],
  ["inside a row", 1010, { first: 48, last: 73 }],
  ["at the end", 100_000 * 20 - 400, { first: 99_978, last: 100_000 }],
  ["beyond the end, as when rows went away", 10 ** 9, { first: 99_978, last: 100_000 }],
  ["above the top, as when a phone bounces", -50, { first: 0, last: 22 }],
])("the rows %s", (_, scrollTop, expected) => {
  expect(windowAt(shape, scrollTop, 2)).toEqual(expected);
});

test("an empty list has no rows", () => {
  expect(windowAt({ ...shape, count: 0 }, 0)).toEqual({ first: 0, last: 0 });
});

const shapes = fc.record({ rowHeight: fc.integer({ min: 1, max: 60 }), count: fc.nat(200_000), viewport: fc.nat(3000) });

test("all that is in sight is rendered, and not much more", () => {
  fc.assert(
    fc.property(shapes, fc.double({ min: 0, max: 1, noNaN: true }), (one, share) => {
      const scrollTop = share * Math.max(0, one.count * one.rowHeight - one.viewport);
      const { first, last } = windowAt(one, scrollTop);
      expect(first * one.rowHeight).toBeLessThanOrEqual(scrollTop);
      expect(last === one.count || last * one.rowHeight >= scrollTop + one.viewport).toBe(true);
      expect(last - first).toBeLessThanOrEqual(one.viewport / one.rowHeight + 26);
    }),
  );
});

test("a row is brought into sight by the shortest way", () => {
  expect(revealed(shape, 1000, 55)).toBe(1000);
  expect(revealed(shape, 1000, 10)).toBe(200);
  expect(revealed(shape, 1000, 70)).toBe(71 * 20 - 400);
  expect(revealed(shape, 1000, -3)).toBe(0);
});

test("the end is the end, to within a row", () => {
  const end = 100_000 * 20 - 400;
  expect([end, end - 15, end - 60, 0].map((scrollTop) => isAtEnd(shape, scrollTop))).toEqual([true, true, false, false]);
  expect(isAtEnd({ ...shape, count: 3 }, 0)).toBe(true);
});
