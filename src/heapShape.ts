import { setFlagsFromString } from "node:v8";

/**
 * Keep node's heap close to what is in use, in a process that watches or dispatches thousands of runs. Most of what it allocates are replies of a
 * cloud, which are garbage at once.
 *
 * - The room for new objects stays at the 1 MB that it begins with. By itself node doubles it up to some 100 MB on a large machine.
 * - The room for old objects grows to 1.8 times what is in use before it is collected. By itself node lets it grow to four times that.
 *
 * A process that watches 10,000 runs on ECS takes 215 MB in place of 310 MB, and a tenth more processor time. V8 reads both flags whenever it
 * decides, so they may be set while the process runs; `--max-semi-space-size` may not. They hold for the whole process, so `pushpool/trigger` sets
 * them in somebody else's program only when that watches thousands of runs.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=80");
}
