import fc from "fast-check";
import { expect, test } from "vitest";
import { dateOf, dayOf, daysInMonth, daysInYear, LAST_DAY, weekdayOf } from "../../src/schedules/calendar";

test("days and dates equal those of JavaScript's own calendar, in every year that Python supports", () => {
  fc.assert(
    fc.property(fc.integer({ min: -719_162, max: LAST_DAY }), (day) => {
      const date = new Date(day * 86_400_000);
      const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
      expect(dateOf(day)).toEqual({ year, month, day: date.getUTCDate() });
      expect(dayOf(year, month, date.getUTCDate())).toBe(day);
      expect(weekdayOf(day)).toBe((date.getUTCDay() + 6) % 7);
      expect(daysInMonth(year, month)).toBe(dayOf(month === 12 ? year + 1 : year, (month % 12) + 1, 1) - dayOf(year, month, 1));
      expect(daysInYear(year)).toBe(dayOf(year + 1, 1, 1) - dayOf(year, 1, 1));
    }),
    { numRuns: 2_000 },
  );
});
