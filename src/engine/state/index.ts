export { readStackOutputs } from "./stackOutputs";
export { readState } from "./stateFile";
export { listStacks, STATE_FILE_VARIABLE, statePath } from "./stateFormat";
