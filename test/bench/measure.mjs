import { spawnSync } from "node:child_process";

/** Prints the times of its children after the command's own output: a line `0m1.25s 0m0.31s`, user and system. */
const TIMED = '"$@"; code=$?; times; exit $code';

/** Wall time and processor time of a command with all its children, in milliseconds. */
function time(argv, options) {
  const start = process.hrtime.bigint();
  const { status, stdout, stderr } = spawnSync("sh", ["-c", TIMED, "sh", ...argv], {
    ...options,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 1e9,
  });
  const wall = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`${argv.join(" ")} ended with ${status}: ${stderr}`);
  const [user, system] = [
    ...stdout
      .trimEnd()
      .split("\n")
      .at(-1)
      .matchAll(/(\d+)m([\d.]+)s/g),
  ].map(([, minutes, seconds]) => (Number(minutes) * 60 + Number(seconds)) * 1000);
  return { wall, processor: user + system };
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/**
 * Compare two commands, measured in turns so that other load on the machine affects both equally.
 * @returns {{ ours: number, theirs: number, ratio: number, processor: { ours: number, theirs: number, ratio: number } }} medians in
 * milliseconds, and ours divided by theirs: of the wall time, and of the processor time, which depends less on other load
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
  const of = (kind) => {
    const result = { ours: median(times.ours.map((each) => each[kind])), theirs: median(times.theirs.map((each) => each[kind])) };
    return { ...result, ratio: result.ours / result.theirs };
  };
  return { ...of("wall"), processor: of("processor") };
}
