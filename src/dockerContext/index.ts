export { type BuildContent, contentTag } from "./contentTag";
export { contextFiles, ignoreRules } from "./contextFiles";
export { type Dockerfile, DockerfileFault, type Instruction, readDockerfile, type Stage, stageNamed } from "./dockerfile";
