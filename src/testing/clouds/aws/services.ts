import type { Operation } from "./api";
import { ECS_OPERATIONS } from "./ecsOperations";
import { LOGS_OPERATIONS } from "./logsOperations";
import { SSM_OPERATIONS } from "./ssmOperations";

/** A service that speaks JSON 1.1, by the prefix of its `X-Amz-Target` header. A further one is a file of its operations, and a line here. */
export const JSON_SERVICES: Record<string, { service: string; operations: readonly Operation[] }> = {
  AmazonEC2ContainerServiceV20141113: { service: "ecs", operations: ECS_OPERATIONS },
  Logs_20140328: { service: "logs", operations: LOGS_OPERATIONS },
  AmazonSSM: { service: "ssm", operations: SSM_OPERATIONS },
};
