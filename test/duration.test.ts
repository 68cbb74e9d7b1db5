import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration, parseAge, parseDuration, secondsIn } from "../src/duration";
import { UserError } from "../src/userError";

test.each([
  ["90", 90_000],
  ["90s", 90_000],
  ["500ms", 500],
  ["10m", 600_000],
  ["1h30m", 5_400_000],
  ["1.5h", 5_400_000],
  ["2d", 172_800_000],
  ["0", 0],
])("%s is %i ms", (text, milliseconds) => expect(parseDuration(text, "--timeout")).toBe(milliseconds));

test.each(["", "soon", "-5s", "10 m", "10x", "1h30", "h", "1e3", "٣s", "10m;"])(
  "%j is not a valid duration, and the error names the flag",
  (text) => {
    const parse = () => parseDuration(text, "--grace");
    expect(parse).toThrow(UserError);
    expect(parse).toThrow(`--grace "${text}": must be a duration, such as 90s, 10m or 1h30m`);
  },
);

test.each(["1h1h", "30m1h", "90m1h", "1s2ms3s", "1d1d"])("%j has a unit twice, or in another order", (text) => {
  const message = `"${text}": must have each unit once, the largest first, such as 1h30m`;
  expect(() => parseDuration(text, "--timeout")).toThrow(new UserError(`--timeout ${message}`));
});

test.each(["1d1d", "12h90d"])("the age %j has a unit twice, or in another order", (text) => {
  const message = `"${text}": must have each unit once, the largest first, such as 1h30m`;
  expect(() => parseAge(text, "--older-than")).toThrow(new UserError(`--older-than ${message}`));
});

test("a duration is at most what a timer of node can wait", () => {
  expect(parseDuration("24d", "--timeout")).toBe(24 * 86_400_000);
  expect(() => parseDuration("25d", "--timeout")).toThrow('--timeout "25d": must be at most 24d');
  expect(() => secondsIn({ A: "2147484" }, "A", 1)).toThrow('A: must be at most 2147483 seconds, not "2147484"');
});

test.each([
  ["90d", 90 * 86_400_000],
  ["1d12h", 36 * 3_600_000],
  ["0d", 0],
  ["36500d", 36_500 * 86_400_000],
])("the age %s is %i ms", (text, milliseconds) => expect(parseAge(text, "--older-than")).toBe(milliseconds));

test.each(["", "90", "0", "-1d", "90 d", "12w", "1e3d", "90d1", "500ms"])("%j is not a valid age", (text) => {
  expect(() => parseAge(text, "--older-than")).toThrow(`--older-than "${text}": must be an age with its unit, such as 90d or 12h`);
});

test("hours, minutes and seconds add up", () =>
  fc.assert(
    fc.property(fc.nat(99), fc.nat(99), fc.nat(99), (h, m, s) => {
      expect(parseDuration(`${h}h${m}m${s}s`, "")).toBe(((h * 60 + m) * 60 + s) * 1000);
    }),
  ));

test.each([
  [0, "0.0 s"],
  [-5, "0.0 s"],
  [400, "0.4 s"],
  [9_940, "9.9 s"],
  [9_960, "10 s"],
  [12_300, "12 s"],
  [59_700, "1 min 0 s"],
  [200_000, "3 min 20 s"],
  [7_500_000, "2 h 5 min"],
  [172_800_000, "2 d"],
])("%i ms is shown as %s", (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));

test("a shown duration never has 60 seconds, and its rounding error is less than its last digit", () =>
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3_599_000 }), (milliseconds) => {
      const [, minutes = "0", seconds = ""] = /^(?:(\d+) min )?([\d.]+) s$/.exec(formatDuration(milliseconds)) ?? [];
      expect(Number(seconds)).toBeLessThan(60);
      expect(Math.abs(Number(minutes) * 60 + Number(seconds) - milliseconds / 1000)).toBeLessThanOrEqual(
        seconds.includes(".") ? 0.0501 : 0.551,
      );
    }),
  ));
