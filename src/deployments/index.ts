export { type DeployPlan, exitCodeOf, planDeploy, writePlan } from "./deploy";
export type { Change, DeploymentChange } from "./deploymentDiff";
export type { DeployProblem } from "./deployRequest";
export { ledgerRegistry } from "./ledgerRegistry";
export { locatePrefectYaml } from "./locate";
export type { DeploymentRegistry } from "./registry";
export type { StepMode } from "./runDeploySteps";
