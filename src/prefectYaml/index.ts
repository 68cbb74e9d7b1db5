export { type DefinedDeployment, defineDeployment, type Flow, type Place } from "./define";
export { type LoadedDeployment, loadPrefectYaml, type PrefectYaml, type Problem } from "./load";
export { type ResolvedDeployment, resolveDeployment, type Said, type Surroundings } from "./resolve";
export { flowsOf, isMeant } from "./select";
