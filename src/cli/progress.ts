import { formatDuration } from "../duration";
import { isWatched, note } from "./screen";

/** How often to print a progress line without a terminal, in milliseconds. */
const INTERVAL = 10_000;

/**
 * Show progress while `work` runs: on a terminal one line with a clock, elsewhere a line from time to time.
 * @param label for example `npm install`
 */
export async function withProgress<T>(label: string, work: Promise<T>): Promise<T> {
  const start = Date.now();
  const elapsed = () => formatDuration(Date.now() - start);
  const live = isWatched(process.stderr);
  note(`  ${label} …`);
  const redraw = () => process.stderr.write(`\r  ${label} … ${elapsed()}`);
  const timer = live ? setInterval(redraw, 500) : setInterval(() => note(`  ${label} … ${elapsed()}`), INTERVAL);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (live) process.stderr.write("\r\x1b[2K");
  }
}
