export { type ReadActions, readActions } from "./actions";
export { type DeploymentAutomation, isDefaultName, readDeploymentTriggers } from "./deploymentTriggers";
export { loopFault } from "./loops";
export type { Fault, UnknownField } from "./readings";
export { comparableActions, comparableTrigger, sameActions, sameTrigger } from "./same";
export { metricIn, readTrigger } from "./trigger";
