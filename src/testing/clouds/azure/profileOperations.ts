import type { Operation } from "./api";
import { ArmError } from "./azureErrors";
import { keptOperations } from "./keptResources";

/** Container group profiles: descriptions of container groups; the fake runs none of them (2024-05-01-preview). */
export const PROFILE_OPERATIONS: readonly Operation[] = keptOperations({
  type: "Microsoft.ContainerInstance/containerGroupProfiles",
  check: ({ path: { name = "" } }, { containers, osType }) => {
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
      throw new ArmError(400, "InvalidContainerGroupProfileName", `The container group profile name '${name}' is invalid.`);
    if (!Array.isArray(containers) || containers.length === 0)
      throw new ArmError(400, "MissingContainers", `The containers of container group profile '${name}' are not specified.`);
    if (osType !== "Linux" && osType !== "Windows")
      throw new ArmError(400, "OsTypeNotSpecified", `The 'OsType' must be one of 'Linux,Windows' for container group profile '${name}'.`);
  },
});
