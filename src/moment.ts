/** A moment by both clocks of this machine: the steady one stands still while it sleeps, and the other one may be set. */
export type Moment = readonly [steady: number, wall: number];

export function momentNow(): Moment {
  return [performance.now(), Date.now()];
}

/** Whether less than `milliseconds` have passed since then, by either clock. */
export function isWithin(milliseconds: number, [steady, wall]: Moment): boolean {
  return performance.now() - steady < milliseconds && Math.abs(Date.now() - wall) < milliseconds;
}
