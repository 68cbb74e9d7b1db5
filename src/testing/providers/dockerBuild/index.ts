export { type DockerBuildProviderOptions, dockerBuildProvider } from "./dockerBuildProvider";
