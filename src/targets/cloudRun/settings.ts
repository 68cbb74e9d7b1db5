import { secondsIn } from "../../duration";

/** How long Google may take for things that have no other sign, in milliseconds. */
export interface Settings {
  /** After an unclear answer to `jobs.run`: how long an execution may take to show up in the list. @default 15 s */
  settle: number;
  /** After a run's end: how long its last lines may take to get into Cloud Logging. @default 10 s */
  logDrain: number;
  /** For how long no run may have used a Job that is then removed. @default 7 days */
  unused: number;
}

/**
 * `PUSHPOOL_CLOUD_RUN_SETTLE_SECONDS`, `PUSHPOOL_CLOUD_RUN_LOG_DRAIN_SECONDS` and `PUSHPOOL_CLOUD_RUN_UNUSED_SECONDS`, for places slower or faster than most.
 * @throws {UserError} if one is no number of seconds
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  return {
    settle: secondsIn(env, "PUSHPOOL_CLOUD_RUN_SETTLE_SECONDS", 15),
    logDrain: secondsIn(env, "PUSHPOOL_CLOUD_RUN_LOG_DRAIN_SECONDS", 10),
    unused: secondsIn(env, "PUSHPOOL_CLOUD_RUN_UNUSED_SECONDS", 604_800),
  };
}
