import { DAY_SECONDS, dayOf, daysInMonth } from "../calendar";

/** A time in a recurrence. */
export interface DateTime {
  /** Since 1970-01-01 in local time. Prefect reads only the digits, in the schedule's time zone. */
  seconds: number;
  /** Whether it names a zone or an offset. */
  isZoned: boolean;
}

const DATE_TIME = /^(\d{4})-?(\d{2})-?(\d{2})(?:T(\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?)?(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/;

/**
 * Read a date or a time of RFC 5545, with or without hyphens and colons.
 * @param name the property or part with the time, for the message
 * @throws {Error} if it is invalid
 */
export function readDateTime(text: string, name: string): DateTime {
  const match = DATE_TIME.exec(text);
  const [year, month, day, hour, minute, second] = (match ?? []).slice(1, 7).map((part) => Number(part ?? 0)) as number[] as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const isDate = match !== null && year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  if (!isDate || hour > 23 || minute > 59 || second > 59) throw new Error(`${name} must be a time such as 20260131T090000, not "${text}"`);
  const fraction = match[7] === undefined ? 0 : Number(`0.${match[7].slice(0, 6)}`);
  const seconds = dayOf(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second + fraction;
  return { seconds, isZoned: match[8] !== undefined };
}
