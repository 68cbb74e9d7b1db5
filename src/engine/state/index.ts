export { listStacks, statePath } from "./deployment";
export { readStackOutputs } from "./outputs";
export { readState } from "./stateFile";
