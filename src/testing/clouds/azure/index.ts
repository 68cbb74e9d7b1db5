export type { End } from "../shared/container";
export { type FakeAzure, startFakeAzure } from "./fakeAzure";
export type { Fault } from "./faults";
export { type FakeAzureOptions, REAL_AZURE_LIMITS } from "./options";
export type { CallRecord } from "./server";
export type { World } from "./world";
