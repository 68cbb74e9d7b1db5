export { destroy, preview, refresh, up } from "./engine";
export type { Changes, EngineEvent, EngineResult, Op, PropertyDiff, StepEvent } from "./engineEvents";
export { type EngineOptions, OperationFailed } from "./engineOptions";
