export { awsProvider } from "./aws";
export { type AzureProviderOptions, azureadProvider, azureNativeProvider } from "./azure";
export { type DockerBuildProviderOptions, dockerBuildProvider } from "./dockerBuild";
export { type GcpProviderOptions, gcpProvider } from "./gcp";
export { type ServedProvider, serveProvider } from "./serveProvider";
export type { Asked, Found, StandInProvider, StandInResource } from "./standInProvider";
