/** How old a measurement may be, in milliseconds: clocks drift. */
const MAX_AGE = 300_000;
/**
 * How long an answer may take, in milliseconds: its time is of any moment within. A longer one is asked for again, because the first often
 * waits for a connection; and so often at most, because the way may be long.
 */
const PRECISE = 100;
const MAX_ASKED = 2;
/** If this computer's two clocks differ by so much, in milliseconds, it slept, or somebody set its time. */
const STEPPED = 1_000;

/** The database's clock, for a computer whose own may be wrong. */
export interface DatabaseClock {
  /** The time there, if it is known; this computer's time before the first {@link DatabaseClock.measure}. */
  now(): Date;
  /** Measure it, unless that was done lately. */
  measure(): Promise<void>;
}

/**
 * @param ask the database's time, in milliseconds since 1970
 * @param clocks of this computer: its time, and one that nobody sets @default the system's
 */
export function databaseClock(ask: () => Promise<number>, { wall = Date.now, steady = () => performance.now() } = {}): DatabaseClock {
  let known: { there: number; steady: number; wall: number } | undefined;
  let measuring: Promise<void> | undefined;
  const isFresh = () => {
    if (!known) return false;
    const passed = steady() - known.steady;
    return passed < MAX_AGE && Math.abs(wall() - known.wall - passed) < STEPPED;
  };
  return {
    now: () => new Date(known ? Math.round(known.there + steady() - known.steady) : wall()),
    measure: async () => {
      if (isFresh()) return;
      measuring ??= (async () => {
        let best = Number.POSITIVE_INFINITY;
        for (let asked = 0; asked < MAX_ASKED && best > PRECISE; asked += 1) {
          const began = steady();
          const there = await ask();
          const ended = steady();
          if (ended - began >= best) continue;
          best = ended - began;
          known = { there: there + best / 2, steady: ended, wall: wall() };
        }
      })().finally(() => {
        measuring = undefined;
      });
      await measuring;
    },
  };
}
