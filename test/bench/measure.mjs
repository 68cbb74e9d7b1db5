import { spawnSync } from "node:child_process";

/** Median wall time of a command, in milliseconds. */
function time(argv, options) {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(argv[0], argv.slice(1), { ...options, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  if (status !== 0) throw new Error(`${argv.join(" ")} ended with ${status}: ${stderr}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/**
 * Compare two commands, measured in turns so that other load on the machine affects both equally.
 * @returns {{ ours: number, theirs: number, ratio: number }} medians in milliseconds, and ours divided by theirs
 */
export function compare(ours, theirs, options = {}, rounds = 15) {
  const times = { ours: [], theirs: [] };
  // The first run of each fills caches.
  time(ours, options);
  time(theirs, options);
  for (let round = 0; round < rounds; round++) {
    times.theirs.push(time(theirs, options));
    times.ours.push(time(ours, options));
  }
  const result = { ours: median(times.ours), theirs: median(times.theirs) };
  return { ...result, ratio: result.ours / result.theirs };
}
