export { destroy, preview, refresh, up } from "./engine";
export type { Changes, EngineEvent, EngineResult, Op, PropertyDiff, StepEvent } from "./events";
export { type EngineOptions, OperationFailed } from "./options";
