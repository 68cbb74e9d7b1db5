export type { DeploymentDefinition, PushPoolDefinition } from "./definitions";
export { Deployment, type DeploymentArgs } from "./deployment";
export { type ManifestParts, manifest } from "./manifest";
