import type { ValueObject } from "../../json";
import type { GroupName } from "./groupNames";

/** What a submission says: the one container group to make. */
export interface GroupRequest {
  name: GroupName;
  /** Name of the run's container. */
  container: string;
  /** The group as Azure's API accepts it. Its secrets are wrappers. Without `location`, the location of its resource group counts. */
  group: ValueObject;
  /** Leave the group after the run, stopped. */
  keep: boolean;
  /** Seconds; `null`: none. Azure has no such limit: the process that watches stops the group. */
  timeoutSeconds: number | null;
  /** Seconds that it may take to start; `null`: any time. */
  startTimeoutSeconds: number | null;
}
