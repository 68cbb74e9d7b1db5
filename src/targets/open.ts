import type { PoolType } from "../model/poolType";
import { upgradeHint } from "../origin";
import { UserError } from "../userError";
import type { Target, TargetPlace } from "./target";

/**
 * Load the target of a work pool: a process loads only the targets that it uses.
 * @throws {UserError} if this version does not support the type
 */
export async function openTarget(type: PoolType, place: TargetPlace): Promise<Target> {
  switch (type) {
    case "process:push": {
      const { createProcessTarget } = await import("./process/index.js");
      return createProcessTarget(place);
    }
    case "cloud-run-v2:push": {
      const { createCloudRunTarget } = await import("./cloudRun/index.js");
      return createCloudRunTarget(place);
    }
    case "ecs:push": {
      const { createEcsTarget } = await import("./ecs/index.js");
      return createEcsTarget(place);
    }
    case "azure-container-instance:push": {
      const { createContainerInstancesTarget } = await import("./containerInstances/index.js");
      return createContainerInstancesTarget(place);
    }
    default:
      throw new UserError(
        `work pools of type ${type} cannot be run by this version of pushpool: it runs process:push, cloud-run-v2:push, ecs:push and azure-container-instance:push. To upgrade, ${upgradeHint()}`,
      );
  }
}
