import { setTimeout as sleep } from "node:timers/promises";
import { secondsIn } from "../../duration";
import { isAway, whyAway } from "./postgresFaults";

/** The pause before another try, in milliseconds. */
const PAUSE = { first: 50, longest: 2_000 };

/** How long a database may be away before its users give up. */
export interface Patience {
  /**
   * Wait before another try.
   * @returns whether to try again
   */
  wait(error: unknown, tries: number, since: number): Promise<boolean>;
  /** There is a connection. */
  connected(): void;
  /** The database did what it was asked to do. */
  answered(): void;
}

/**
 * A database that is restarted or fails over is back in a moment. A process that has used it waits for it, up to
 * `PUSHPOOL_LEDGER_WAIT_SECONDS` seconds (120). A process that has not used it yet waits only if the database starts or has too many
 * connections.
 * @param tell gets one notice when waiting begins, and one when it is over
 */
export function openPatience(name: string, tell: (message: string) => void, env: NodeJS.ProcessEnv = process.env): Patience {
  const longest = secondsIn(env, "PUSHPOOL_LEDGER_WAIT_SECONDS", 120);
  let hasReached = false;
  let isTold = false;
  return {
    wait: async (error, tries, since) => {
      if (!isAway(error, hasReached)) return false;
      const passed = Date.now() - since;
      if (passed >= longest) return false;
      const pause = Math.min(PAUSE.first * 2 ** (tries - 1), PAUSE.longest, longest - passed);
      // The first tries are those of a connection that broke alone.
      if (tries >= 3 && !isTold) {
        isTold = true;
        tell(`the ledger ${name} ${whyAway(error)}, up to ${longest / 1000} s. Runs in flight continue`);
      }
      await sleep(pause);
      return true;
    },
    connected: () => {
      hasReached = true;
    },
    answered: () => {
      if (isTold) tell(`the ledger ${name} answers again`);
      isTold = false;
    },
  };
}
