export { Interrupted } from "./processGroup";
export { plannedReport, runSteps, type StepListener, type StepReport, type StepResults } from "./runSteps";
export { type DeploymentSteps, inOrder, type PlannedStep, planSteps, stepFaults, stepId } from "./stepPlan";
