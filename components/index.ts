export type { DeploymentDefinition, PushPoolDefinition } from "./definitions";
export { Deployment, type DeploymentArgs } from "./deployment";
export { FlowImage, type FlowImageArgs, type RegistryLogin } from "./flowImage";
export { FlowRun, type FlowRunArgs } from "./flowRun";
export type { ImageBuildArgs } from "./imageBuild";
export { type LedgerArgs, type ManifestParts, manifest } from "./manifest";
