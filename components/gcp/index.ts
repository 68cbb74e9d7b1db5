export type { WorkQueueArgs } from "../workQueue";
export { ApiEnablement, type ApiEnablementArgs } from "./apiEnablement";
export { CloudRunPushPool, type CloudRunPushPoolArgs, Credentials } from "./cloudRunPushPool";
export { GcpCredentialsBlock, type GcpCredentialsBlockArgs } from "./gcpCredentialsBlock";
export { leastPrivilege, type NeededPermission } from "./leastPrivilege";
export { PushServiceAccount, type PushServiceAccountArgs } from "./pushServiceAccount";
export { RuntimeServiceAccount, type RuntimeServiceAccountArgs } from "./runtimeServiceAccount";
export { Permissions, SubmitAccess, type SubmitAccessArgs } from "./submitAccess";
