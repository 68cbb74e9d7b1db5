// Preloaded into a process, it shifts that process's clock by SHIFTED_CLOCK milliseconds; timers do not change.
const ahead = Number(process.env.SHIFTED_CLOCK);
const Real = Date;
const now = () => Real.now() + ahead;

globalThis.Date = class extends Real {
  constructor(...given) {
    super(...(given.length === 0 ? [now()] : given));
  }
  static now() {
    return now();
  }
};
