export { Deployment, type DeploymentArgs } from "./deployment";
export { type ManifestParts, manifest } from "./manifest";
export type { PoolDefinition } from "./poolDefinition";
