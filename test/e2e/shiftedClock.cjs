// A clock that is ahead, for this process (`setAhead`) and for those that it starts with `--require` of this file. Timers stay as they are.

const Real = globalThis.Date;
let ahead = Number(process.env.TEST_CLOCK_AHEAD ?? 0);

globalThis.Date = new Proxy(Real, {
  construct: (_, given, target) => Reflect.construct(Real, given.length === 0 ? [Real.now() + ahead] : given, target),
  get: (_, name) => (name === "now" ? () => Real.now() + ahead : Reflect.get(Real, name)),
});

/** @param {number} milliseconds */
exports.setAhead = (milliseconds) => {
  ahead = milliseconds;
};
