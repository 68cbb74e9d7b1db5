import type { JsonObject } from "../../json";
import type { Secret } from "../../secret";

/** Where a task's output goes, if it is stored. */
export interface LogPlace {
  group: string;
  region: string;
  /** `awslogs-stream-prefix`; the stream is `<prefix>/<container>/<task id>`. */
  prefix: string;
}

/** An ECS submission: the task definition that must exist, and one call of `RunTask`. */
export interface EcsRequest {
  region: string;
  /**
   * A task definition to register unless it exists (a `RegisterTaskDefinition` request), or the given one's ARN, family or
   * `family:revision`.
   */
  definition: { register: JsonObject; digest: string; matchLatest: boolean } | { given: string };
  /** The container's values from Parameter Store, by variable. They are written before the definition is registered. */
  secrets: Record<string, Secret>;
  /** The `RunTask` request without `taskDefinition`, which is known once it is registered. It contains no secrets. */
  runTask: JsonObject;
  /** Name of the flow run's container; absent: the given definition's first or only one. */
  container?: string;
  /** Absent: none, or the given definition's. */
  logs?: LogPlace;
  /** Deregister the definition after the run. */
  deregister: boolean;
  /** Seconds; `null`: no limit. ECS has no such limit: whoever watches the task stops it. */
  timeoutSeconds: number | null;
  /** Seconds that it may take to start; `null`: no limit. */
  startTimeoutSeconds: number | null;
}
