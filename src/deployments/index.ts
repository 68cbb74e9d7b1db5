export { type DeployPlan, type DeployProblem, planDeploy, writePlan } from "./deploy";
export type { Change, DeploymentChange } from "./diff";
export { locatePrefectYaml } from "./locate";
export { planRemoval } from "./remove";
