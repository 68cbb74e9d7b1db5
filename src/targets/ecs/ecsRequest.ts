import type { JsonObject } from "../../json";
import type { Secret } from "../../secret";

/** Where a task's output goes, if anywhere. */
export interface LogPlace {
  group: string;
  region: string;
  /** `awslogs-stream-prefix`; the stream is `<prefix>/<container>/<task id>`. */
  prefix: string;
}

/** What an ECS submission says: the task definition that has to be there, and the one call of `RunTask`. */
export interface EcsRequest {
  region: string;
  /** A task definition to register unless it is there (a `RegisterTaskDefinition` request), or the given one's ARN, family or `family:revision`. */
  definition: { register: JsonObject; digest: string; matchLatest: boolean } | { given: string };
  /** What of the definition's container comes out of Parameter Store: values by variable, put there before it is registered. */
  secrets: Record<string, Secret>;
  /** The `RunTask` request but for `taskDefinition`, which is known once it is registered. Nothing in it is secret. */
  runTask: JsonObject;
  /** Name of the container that the flow run is in; absent: the given definition's first or only one. */
  container?: string;
  /** Absent: none, or the given definition's. */
  logs?: LogPlace;
  /** Deregister the definition when the run is over. */
  deregister: boolean;
  /** Seconds; `null`: none. ECS has no such limit: who watches stops the task. */
  timeoutSeconds: number | null;
  /** Seconds that it may take to start; `null`: any time. */
  startTimeoutSeconds: number | null;
}
