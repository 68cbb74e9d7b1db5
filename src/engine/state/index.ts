export { readStackOutputs } from "./stackOutputs";
export { readState } from "./stateFile";
export { listStacks, statePath } from "./stateFormat";
