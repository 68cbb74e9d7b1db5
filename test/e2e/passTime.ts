import { createRequire } from "node:module";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const file = join(__dirname, "shiftedClock.cjs");
const DAY = 86_400_000;

/** The clocks of a test: that of its fake, which is this process, and that of the commands that it starts. */
export interface Clocks {
  /** Days pass, for both. */
  pass(days: number): void;
  /** Set this machine's clock to so many days ahead of the cloud's; less than 0: behind. */
  mistake(days: number): void;
}

/** @param env of the commands */
export function clocksOf(env: NodeJS.ProcessEnv): Clocks {
  const { setAhead } = createRequire(__filename)(file) as { setAhead(milliseconds: number): void };
  onTestFinished(() => setAhead(0));
  let [passed, wrong] = [0, 0];
  const { NODE_OPTIONS: options = "" } = env;
  const set = () => {
    setAhead(passed * DAY);
    env.TEST_CLOCK_AHEAD = String((passed + wrong) * DAY);
    env.NODE_OPTIONS = `${options} --require ${file}`.trim();
  };
  return {
    pass: (days) => {
      passed += days;
      set();
    },
    mistake: (days) => {
      wrong = days;
      set();
    },
  };
}
