export { type DeployPlan, type DeployProblem, planDeploy, writePlan } from "./deploy";
export type { Change, DeploymentChange } from "./deploymentDiff";
export { ledgerRegistry } from "./ledgerRegistry";
export { locatePrefectYaml } from "./locate";
export type { DeploymentRegistry } from "./registry";
