export { Automation, type AutomationArgs } from "./automation";
export { PrefectBlock, type PrefectBlockArgs } from "./block";
export { Connection, type ConnectionArgs } from "./connection";
export { PrefectDeployment, type PrefectDeploymentArgs } from "./deployment";
export { type Registered, type Registration, register } from "./register";
export { PrefectWorkPool, type PrefectWorkPoolArgs, type PrefectWorkQueueArgs } from "./workPool";
