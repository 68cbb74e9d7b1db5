import { ExactNumber } from "./exactNumber";

/** Python keeps durations in whole microseconds. */
const MICROS = 1e6;
const ISO =
  /^([-+])?P(?=\d|T\d)(?:(\d+(?:\.\d+)?)Y)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const CLOCK = /^([-+])?(?:(\d+)(?:d| days?)(?:$|,? ?(?=\d)|,$))?(?:(\d+):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?$/i;

/**
 * Parse a duration as Pydantic does for a `timedelta`: a number of seconds, ISO 8601 (`PT15M`), or a time (`00:10:00`, `1 day, 00:00:00`).
 * @returns seconds, or `undefined` if the value is not a duration
 */
export function durationSeconds(value: unknown): number | undefined {
  const given = value instanceof ExactNumber ? value.valueOf() : value;
  if (typeof given === "boolean") return Number(given);
  if (typeof given === "number") return Number.isFinite(given) ? Math.round(given * MICROS) / MICROS : undefined;
  if (typeof given !== "string") return undefined;
  const iso = ISO.exec(given);
  if (iso) {
    const [, sign, years, months, weeks, days, hours, minutes, seconds] = iso;
    const n = (part: string | undefined) => Number(part ?? 0);
    const total = (n(years) * 365 + n(months) * 30 + n(weeks) * 7 + n(days)) * 86_400 + n(hours) * 3600 + n(minutes) * 60 + n(seconds);
    return (sign === "-" ? -1 : 1) * total;
  }
  const clock = CLOCK.exec(given);
  const [, sign, days, hours, minutes, seconds, fraction] = clock ?? [];
  if (!clock || (days === undefined && hours === undefined) || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const n = (part: string | undefined) => Number(part ?? 0);
  const total = n(days) * 86_400 + n(hours) * 3600 + n(minutes) * 60 + n(seconds) + Number(`0.${(fraction ?? "0").slice(0, 6)}`);
  return (sign === "-" ? -1 : 1) * total;
}

/** Seconds as Pydantic writes a `timedelta`: ISO 8601, in days and the parts of one. */
export function isoDuration(seconds: number): string {
  const micros = Math.round(Math.abs(seconds) * MICROS);
  const whole = Math.floor(micros / MICROS);
  const fraction = micros % MICROS;
  const [years, days] = [Math.floor(whole / 86_400 / 365), Math.floor(whole / 86_400) % 365];
  const [hours, minutes] = [Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60];
  const rest = `${whole % 60}${fraction === 0 ? "" : `.${String(fraction).padStart(6, "0").replace(/0+$/, "")}`}`;
  const time = [hours ? `${hours}H` : "", minutes ? `${minutes}M` : "", rest !== "0" ? `${rest}S` : ""].join("");
  if (micros === 0) return "PT0S";
  return `${seconds < 0 ? "-" : ""}P${years ? `${years}Y` : ""}${days ? `${days}D` : ""}${time ? `T${time}` : ""}`;
}
