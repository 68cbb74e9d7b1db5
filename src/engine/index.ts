export { destroy, type EngineOptions, OperationFailed, preview, refresh, up } from "./engine";
export type { Changes, EngineEvent, EngineResult, Op, PropertyDiff, StepEvent } from "./events";
