import { isJsonObject, type Json, type JsonObject } from "../json";
import { durationSeconds, isoDuration } from "../pydanticDuration";
import { quoted } from "../shown";
import { UserError } from "../userError";

const SEVERITIES = ["minor", "low", "moderate", "high", "critical"];
/** One of these says what the agreement promises (`prefect/_experimental/sla/objects.py`). */
const PROMISES = ["duration", "within", "stale_after"] as const;

/**
 * Read the service level agreements of a deployment by Prefect's rules.
 * @returns them as the API of Prefect Cloud takes them: durations in ISO 8601, except the whole seconds of `duration`
 * @throws {UserError} with the path of the field
 */
export function slasOf(given: readonly JsonObject[]): JsonObject[] {
  return given.map((sla, index) => slaOf(sla, `sla[${index}]`));
}

function slaOf(sla: JsonObject, at: string): JsonObject {
  if (!isJsonObject(sla)) throw new UserError(`${at}: must be a mapping`);
  const { name, severity, enabled } = sla;
  if (typeof name !== "string" || name === "")
    throw new UserError(`${at}.name is missing: each agreement of a deployment needs its own name`);
  if (severity !== undefined && !SEVERITIES.includes(String(severity)))
    throw new UserError(`${at}.severity: must be one of ${SEVERITIES.join(", ")}, not ${quoted(severity)}`);
  if (enabled !== undefined && enabled !== null && typeof enabled !== "boolean")
    throw new UserError(`${at}.enabled: must be true or false`);
  const promises = PROMISES.filter((key) => sla[key] !== undefined);
  const [promise] = promises;
  if (promise === undefined || promises.length > 1)
    throw new UserError(`${at}: must have exactly one of duration (seconds a run may take), within (lateness) and stale_after`);
  return {
    name,
    ...(severity === undefined ? {} : { severity }),
    ...(enabled === undefined ? {} : { enabled }),
    [promise]:
      promise === "duration" ? seconds(sla.duration as Json, `${at}.duration`) : duration(sla[promise] as Json, `${at}.${promise}`),
  };
}

function seconds(value: Json, at: string): number {
  const number = Number(value);
  if (typeof value === "boolean" || value === null || value === "" || !Number.isInteger(number))
    throw new UserError(`${at}: must be a whole number of seconds`);
  return number;
}

function duration(value: Json, at: string): string {
  const found = durationSeconds(value);
  if (found === undefined) throw new UserError(`${at}: must be a duration: seconds, ISO 8601 (PT15M) or hours:minutes:seconds (00:15:00)`);
  return isoDuration(found);
}
