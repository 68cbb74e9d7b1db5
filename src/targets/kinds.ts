import type { PoolType } from "../model/poolType";
import type { DeclaredPlace, PoolLocation } from "./locate";
import { MAX_DEFINITION, MAX_STRING, MAX_VARIABLE } from "./parameterLimits";
import type { Target, TargetPlace } from "./target";
import type { TargetView } from "./targetView";

/** Everything that pushpool knows about one kind of target. Nothing is loaded until it is needed. */
export interface TargetKind {
  open(place: TargetPlace): Promise<Target>;
  /** For `pushpool pools`. It loads no SDK. */
  locate(pool: DeclaredPlace): Promise<PoolLocation>;
  /** For the run page. @default the request as it is, and no link */
  view?(): Promise<TargetView>;
  /** The largest JSON of a run's parameters, in bytes, whatever else the run has. A run itself is checked against all limits of its place. */
  maxParameters: { bytes: number; taker: string };
}

const variableOf = (taker: string) => ({ bytes: MAX_STRING - "PUSHPOOL_PARAMETERS=".length - 1, taker });

/** Every kind of target, by the type of its work pools. */
export const TARGET_KINDS: Readonly<Record<PoolType, TargetKind>> = {
  "process:push": {
    open: async (place) => (await import("./process/index.js")).createProcessTarget(place),
    locate: async () => ({ region: null, words: "this machine", network: null }),
    view: async () => (await import("./process/processView.js")).view,
    maxParameters: variableOf("a variable of a process"),
  },
  "cloud-run-v2:push": {
    open: async (place) => (await import("./cloudRun/index.js")).createCloudRunTarget(place),
    locate: async (pool) => (await import("./cloudRun/cloudRunLocation.js")).locate(pool),
    view: async () => (await import("./cloudRun/cloudRunView.js")).view,
    maxParameters: { bytes: MAX_VARIABLE, taker: "a variable on Cloud Run" },
  },
  "ecs:push": {
    open: async (place) => (await import("./ecs/index.js")).createEcsTarget(place),
    locate: async (pool) => (await import("./ecs/ecsLocation.js")).locate(pool),
    view: async () => (await import("./ecs/ecsView.js")).view,
    maxParameters: { bytes: MAX_DEFINITION, taker: "a task definition of Amazon ECS" },
  },
  "azure-container-instance:push": {
    open: async (place) => (await import("./containerInstances/index.js")).createContainerInstancesTarget(place),
    locate: async (pool) => (await import("./containerInstances/aciLocation.js")).locate(pool),
    view: async () => (await import("./containerInstances/aciView.js")).view,
    maxParameters: variableOf("a variable of a container"),
  },
};
