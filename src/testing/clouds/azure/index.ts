export type { End } from "../shared/container";
export type { Fault } from "./azureFaults";
export { type FakeAzureOptions, REAL_AZURE_LIMITS } from "./azureOptions";
export type { CallRecord } from "./azureServer";
export type { World } from "./azureWorld";
export { type FakeAzure, startFakeAzure } from "./fakeAzure";
