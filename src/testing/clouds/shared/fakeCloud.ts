import type { FakeRegistry } from "./fakeRegistry";
import type { PlantedFault } from "./faultQueue";

/** What every fake cloud offers to tests. */
export interface FakeCloud<World, Call, Fault> {
  /** Base URL of all services. */
  url: string;
  /** Everything in it. */
  world: World;
  /** Its registries of container images, for `dockerBuildProvider`. */
  registry: FakeRegistry;
  /** All calls so far, oldest first. */
  calls: Call[];
  /** Make future calls fail. */
  plant(fault: PlantedFault<Fault>): void;
  /** Stop the fake, and kill the commands that still run. */
  stop(): Promise<void>;
}
