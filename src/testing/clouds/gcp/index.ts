export type { End } from "../shared/container";
export { type FakeGoogleCloud, startFakeGoogleCloud } from "./fakeGoogleCloud";
export type { Fault } from "./faults";
export type { KeyFile } from "./iam";
export type { FakeGoogleCloudOptions } from "./options";
export type { CallRecord } from "./server";
export type { World } from "./world";
