import { secondsIn } from "../../duration";

/** How long a cloud may take for things that it does not report, in milliseconds. */
export interface Settings {
  /** After a run was sent: how long its infrastructure may be invisible. */
  settle: number;
  /** After a run's end: how long its last lines may take to appear in the log. @default 10 s */
  logDrain: number;
  /** How long something must be unused before it is removed. @default 7 days */
  unused: number;
}

/**
 * `PUSHPOOL_<cloud>_SETTLE_SECONDS`, `…_LOG_DRAIN_SECONDS` and `…_UNUSED_SECONDS`, for places that are slower or faster than usual.
 * @param cloud its name in the variables: `ECS`
 * @param settle the default, in seconds
 * @throws {UserError} if one is not a number of seconds
 */
export function readSettings(env: NodeJS.ProcessEnv, cloud: string, settle: number): Settings {
  const read = (name: string, usual: number) => secondsIn(env, `PUSHPOOL_${cloud}_${name}_SECONDS`, usual);
  return { settle: read("SETTLE", settle), logDrain: read("LOG_DRAIN", 10), unused: read("UNUSED", 604_800) };
}
