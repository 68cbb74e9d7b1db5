export type { End } from "./container";
export { type FakeGoogleCloud, startFakeGoogleCloud } from "./fakeGoogleCloud";
export type { Fault } from "./faults";
export type { KeyFile } from "./iam";
export type { FakeGoogleCloudOptions, FakeImage } from "./options";
export type { CallRecord } from "./server";
export type { World } from "./world";
