import { UserError } from "../../userError";

/** How long Google may take for things that have no other sign, in milliseconds. */
export interface Settings {
  /** After an unclear answer to `jobs.run`: how long an execution may take to show up in the list. @default 15 s */
  settle: number;
  /** After a run's end: how long its last lines may take to get into Cloud Logging. @default 10 s */
  logDrain: number;
}

/**
 * `PUSHPOOL_CLOUD_RUN_SETTLE_SECONDS` and `PUSHPOOL_CLOUD_RUN_LOG_DRAIN_SECONDS`, for places slower or faster than most.
 * @throws {UserError} if one is no number of seconds
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  return {
    settle: secondsIn(env, "PUSHPOOL_CLOUD_RUN_SETTLE_SECONDS", 15),
    logDrain: secondsIn(env, "PUSHPOOL_CLOUD_RUN_LOG_DRAIN_SECONDS", 10),
  };
}

function secondsIn(env: NodeJS.ProcessEnv, name: string, usual: number): number {
  const text = env[name];
  if (text === undefined || text === "") return usual * 1000;
  if (!/^\d+(\.\d+)?$/.test(text)) throw new UserError(`${name}: must be a number of seconds, not "${text}"`);
  return Number(text) * 1000;
}
