import { formatDuration } from "../duration";
import { isWatched, note } from "./screen";

/** How often a line says that the work goes on, in milliseconds, where there is no terminal to redraw. */
const EVERY = 10_000;

/**
 * Say what is being done for as long as `work` takes: on a terminal one line with a clock, elsewhere a line now and then.
 * @param label for example `npm install`
 */
export async function withProgress<T>(label: string, work: Promise<T>): Promise<T> {
  const start = Date.now();
  const elapsed = () => formatDuration(Date.now() - start);
  const live = isWatched(process.stderr);
  note(`  ${label} …`);
  const redraw = () => process.stderr.write(`\r  ${label} … ${elapsed()}`);
  const timer = live ? setInterval(redraw, 500) : setInterval(() => note(`  ${label} … ${elapsed()}`), EVERY);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (live) process.stderr.write("\r\x1b[2K");
  }
}
