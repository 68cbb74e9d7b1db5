export { destroy, type EngineOptions, preview, up } from "./engine";
export type { EngineEvent, EngineResult, Op } from "./events";
