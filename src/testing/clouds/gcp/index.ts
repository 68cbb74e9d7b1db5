export type { End } from "../shared/container";
export { type FakeGoogleCloud, startFakeGoogleCloud } from "./fakeGoogleCloud";
export type { Fault } from "./googleFaults";
export type { KeyFile } from "./googleIam";
export type { FakeGoogleCloudOptions } from "./googleOptions";
export type { CallRecord } from "./googleServer";
export type { World } from "./googleWorld";
