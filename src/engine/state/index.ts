export { readStackOutputs } from "./outputs";
export { readState } from "./stateFile";
export { listStacks, statePath } from "./stateFormat";
