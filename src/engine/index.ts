export { destroy, type EngineOptions, ProgramFailed, preview, up } from "./engine";
export type { EngineEvent, EngineResult, Op } from "./events";
