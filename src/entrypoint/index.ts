export { checkPlace } from "./checkPlace";
export { entrypointCommand, PYTHON_VARIABLE, UNFIT } from "./command";
export { importFlows } from "./importFlows";
export { type InspectedFlow, type InspectedFlows, inspectEntrypoints } from "./inspect";
export { type Entrypoint, parseEntrypoint } from "./parseEntrypoint";
export { stepRunner } from "./programs";
