import type { PlantedFault } from "./faultQueue";

/** What a test does with every fake cloud. */
export interface FakeCloud<World, Call, Fault> {
  /** Base URL of every service. */
  url: string;
  /** Everything in it. */
  world: World;
  /** Every call so far, oldest first. */
  calls: Call[];
  /** Let calls fail. */
  plant(fault: PlantedFault<Fault>): void;
  /** Also kills the commands that still run. */
  stop(): Promise<void>;
}
