import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration } from "../../../src/duration";
import { phaseBars } from "../../../web/run/phaseBars";
import { barShare, clockText, durationText, relativeText, timeOfDay, utcText } from "../../../web/time/formats";
import { fromLocalInput, localInput } from "../../../web/time/localInput";

test("durations read the same as on the command line", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1000, max: 10 ** 9 }), (milliseconds) => {
      expect(durationText(milliseconds)).toBe(formatDuration(milliseconds));
    }),
  );
});

const NOW = Date.parse("2026-03-09T12:00:00Z");

test.each<[number, string]>([
  [0, "just now"],
  [4.9, "just now"],
  [12, "12 s ago"],
  [-90, "in 1 min"],
  [59 * 60, "59 min ago"],
  [3600 * 47, "47 h ago"],
  [3600 * 49, "2 d ago"],
  [-3600 * 30, "in 30 h"],
])("%d seconds ago", (seconds, text) => {
  expect(relativeText(NOW - seconds * 1000, NOW)).toBe(text);
});

test("times in a zone and in UTC", () => {
  const time = Date.parse("2026-03-09T23:05:03.250Z");
  expect(clockText(time, "Europe/Berlin")).toBe("2026-03-10 00:05:03");
  expect(timeOfDay(time, "Europe/Berlin")).toBe("00:05:03.250");
  expect(utcText(time)).toBe("2026-03-09 23:05:03 UTC");
});

test("a picker's time is the same time again", () => {
  for (const text of ["2026-03-09T23:05:03Z", "1999-12-31T23:59:59Z"]) expect(fromLocalInput(localInput(text))).toBe(text);
  expect(localInput("tomorrow")).toBe("");
  expect(localInput(undefined)).toBe("");
  expect(fromLocalInput("")).toBeUndefined();
});

test("a bar is visible and never longer than the whole", () => {
  expect(barShare(0, 1000)).toBe(0.02);
  expect(barShare(5000, 1000)).toBe(1);
  expect(barShare(10_000, 3_600_000)).toBeLessThan(barShare(100_000, 3_600_000));
});

test("phases are on one scale, and an unfinished one ends now", () => {
  const at = (second: number) => new Date(NOW + second * 1000).toISOString();
  const bars = phaseBars(
    [
      { name: "queued", from: at(0), to: at(50) },
      { name: "starting", from: at(50), to: at(50) },
      { name: "running", from: at(50), to: null },
    ],
    NOW + 100_000,
  );
  expect(bars.map(({ from, width, milliseconds }) => [from, width, milliseconds])).toEqual([
    [0, 50, 50_000],
    [50, 0.4, 0],
    [50, 50, 50_000],
  ]);
});

test("no phase is outside the scale", () => {
  const second = fc.integer({ min: 0, max: 10_000 });
  fc.assert(
    fc.property(fc.array(fc.tuple(second, fc.option(second)), { minLength: 1 }), second, (spans, now) => {
      const phases = spans.map(([from, to]) => ({
        name: "running" as const,
        from: new Date(from * 1000).toISOString(),
        to: to === null ? null : new Date(to * 1000).toISOString(),
      }));
      for (const { from, width } of phaseBars(phases, now * 1000)) {
        expect(from).toBeGreaterThanOrEqual(0);
        expect(from + width).toBeLessThanOrEqual(100.001);
      }
    }),
  );
});
