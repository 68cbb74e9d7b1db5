export type { WorkQueueArgs } from "../workQueue";
export { ProcessPushPool, type ProcessPushPoolArgs } from "./processPushPool";
