export { listStacks } from "./deployment";
export { readStackOutputs } from "./outputs";
