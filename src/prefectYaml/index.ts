export { applyValues, fromValues } from "./applyValues";
export { type DefinedDeployment, type DeployPlace, defineDeployment, type FlowFacts } from "./define";
export { stepsOf } from "./deploymentSteps";
export type { PlaceholderValues } from "./fillPlaceholders";
export type { GivenSettings } from "./givenSettings";
export { type LoadedDeployment, loadPrefectYaml, type PrefectYaml, type Problem } from "./loadPrefectYaml";
export { type ResolvedDeployment, resolveDeployment } from "./resolveDeployment";
export { flowsOf, isMeant } from "./select";
export type { StepKnowledge } from "./stepOutputs";
