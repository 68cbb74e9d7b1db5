export type { EngineEvent, EngineResult, Op } from "../engine";
export { type OfflineStack, type OfflineStackOptions, offlineStack } from "./offlineStack";
