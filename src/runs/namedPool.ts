import { suggestion } from "../nearest";
import { quoted } from "../shown";
import { UserError } from "../userError";

/**
 * The error for a work pool that a request names and that does not exist.
 * @param origin where it was looked for, for the message
 * @param names the work pools that exist there
 */
export function noSuchPool(name: string, origin: string, names: Iterable<string>): UserError {
  const problem = `there is no work pool of that name in ${origin}: ${suggestion(name, names) || "it has none"}`;
  return new UserError(`--pool ${quoted(name)}: ${problem}`, 2, { fields: [{ path: "/workPool", message: problem }] });
}

/**
 * Without a named pool, a run waits until its pool is no longer paused. Whoever names a pool for one run wants it to run there now.
 * @throws {UserError}
 */
export function refusePaused(name: string, isPaused: boolean | undefined): void {
  if (!isPaused) return;
  throw new UserError(
    `--pool ${quoted(name)}: the work pool is paused, so it starts no runs. Nothing was sent; name another work pool, or resume this one`,
    2,
    { fields: [{ path: "/workPool", message: "is paused: name another work pool, or resume this one" }] },
  );
}
