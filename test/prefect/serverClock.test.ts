import fc from "fast-check";
import { expect, test } from "vitest";
import { ServerClock } from "../../src/prefect/serverClock";

const START = Date.parse("2026-01-01T00:00:00Z");
const wholeSeconds = (time: number) => new Date(time).toUTCString();

test("assumes our own clock until a reply contradicts it; one reply finds a difference of minutes, in either direction", () => {
  const found = (ahead: number, date: string | null = wholeSeconds(START + ahead)) => {
    const clock = new ServerClock(() => START);
    clock.answered(date, START - 50);
    return clock.ahead;
  };
  expect(found(300)).toBe(0);
  expect(found(600_000)).toBe(600_000);
  expect(found(-600_000)).toBe(-600_000);
  expect(found(600_000, null)).toBe(0);
  expect(found(600_000, "soon")).toBe(0);
});

test("once it found a difference it is never ahead of the server, and each reply brings it closer", () => {
  const answers = fc.array(fc.record({ pause: fc.nat(5_000), there: fc.nat(3_000), back: fc.nat(2_000), writes: fc.boolean() }), {
    minLength: 1,
    maxLength: 30,
  });
  const ahead = fc.oneof(fc.integer({ min: 10_000, max: 7_200_000 }), fc.integer({ min: -7_200_000, max: -10_000 }));
  fc.assert(
    fc.property(ahead, answers, (truly, each) => {
      let ours = START;
      const clock = new ServerClock(() => ours);
      for (const { pause, there, back, writes } of each) {
        ours += pause;
        const sentAt = ours;
        ours += there;
        const answered = ours + truly;
        ours += back;
        clock.answered(wholeSeconds(answered), sentAt);
        if (writes) clock.wrote(new Date(answered).toISOString());
        expect(clock.ahead).toBeLessThanOrEqual(truly);
        expect(clock.ahead).toBeGreaterThan(truly - back - 1_000 - 1);
      }
    }),
  );
});

test("follows a clock that is set back or forward", () => {
  let ours = START;
  const clock = new ServerClock(() => ours);
  for (const ahead of [60_000, -60_000, 0]) {
    ours += 1_000;
    clock.answered(wholeSeconds(ours + ahead), ours);
    expect(Math.abs(clock.ahead - ahead)).toBeLessThan(1_000);
  }
});
