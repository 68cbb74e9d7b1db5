export { ProcessPushPool, type ProcessPushPoolArgs, type WorkQueueArgs } from "./processPushPool";
