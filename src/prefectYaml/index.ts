export { applyValues, fromValues } from "./applyValues";
export { type DefinedDeployment, type DeployPlace, defineDeployment, type FlowFacts } from "./define";
export { type LoadedDeployment, loadPrefectYaml, type PrefectYaml, type Problem } from "./loadPrefectYaml";
export {
  type GivenSettings,
  type PlaceholderValues,
  type ResolvedDeployment,
  resolveDeployment,
  type StepKnowledge,
  stepsOf,
} from "./resolveDeployment";
export { flowsOf, isMeant } from "./select";
