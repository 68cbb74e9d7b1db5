import { secondsIn } from "../../duration";

/** How long AWS may take for things that have no other sign, in milliseconds. */
export interface Settings {
  /** After `RunTask`: how long a task may take to show up. @default 60 s */
  settle: number;
  /** After a run's end: how long its last lines may take to get into CloudWatch Logs. @default 10 s */
  logDrain: number;
  /** For how long no run may have used what is then removed. @default 7 days */
  unused: number;
}

/**
 * `PUSHPOOL_ECS_SETTLE_SECONDS`, `PUSHPOOL_ECS_LOG_DRAIN_SECONDS` and `PUSHPOOL_ECS_UNUSED_SECONDS`, for places slower or faster than most.
 * @throws {UserError} if one is no number of seconds
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  return {
    settle: secondsIn(env, "PUSHPOOL_ECS_SETTLE_SECONDS", 60),
    logDrain: secondsIn(env, "PUSHPOOL_ECS_LOG_DRAIN_SECONDS", 10),
    unused: secondsIn(env, "PUSHPOOL_ECS_UNUSED_SECONDS", 604_800),
  };
}
