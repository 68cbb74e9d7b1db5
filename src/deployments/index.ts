export { type DeployPlan, exitCodeOfPlan, planDeploy, writePlan } from "./deploy";
export type { Change, DeploymentChange } from "./deploymentDiff";
export type { DeployProblem } from "./deployRequest";
export { ledgerRegistry } from "./ledgerRegistry";
export { locatePrefectYaml } from "./locatePrefectYaml";
export type { DeploymentRegistry } from "./registry";
export type { StepMode } from "./runDeploySteps";
