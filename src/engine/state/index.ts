export { readStackOutputs } from "./outputs";
