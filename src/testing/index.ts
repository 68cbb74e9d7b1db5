export type { EngineEvent, EngineResult, Op } from "../engine";
export {
  type FakeGoogleCloud,
  type FakeGoogleCloudOptions,
  startFakeGoogleCloud,
} from "./clouds/gcp";
export { type OfflineStack, type OfflineStackOptions, offlineStack } from "./offlineStack";
