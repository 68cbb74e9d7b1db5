export type { DeploymentDefinition, PushPoolDefinition } from "./definitions";
export { Deployment, type DeploymentArgs } from "./deployment";
export { FlowRun, type FlowRunArgs } from "./flowRun";
export { type ManifestParts, manifest } from "./manifest";
