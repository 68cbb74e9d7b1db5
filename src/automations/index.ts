export { type ReadActions, readActions } from "./actions";
export { type DeploymentAutomation, isDefaultName, readDeploymentTriggers } from "./deploymentTriggers";
export { loopFault } from "./loops";
export type { Fault, UnknownField } from "./readings";
export { metricIn, readTrigger } from "./readTrigger";
export { comparableActions, comparableTrigger, sameActions, sameTrigger } from "./same";
