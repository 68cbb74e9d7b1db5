export { type FakeAws, startFakeAws } from "./fakeAws";
export type { AwsFault } from "./faults";
export type { AccessKey, Policy, Statement } from "./iam";
export { type FakeAwsOptions, REAL_BUCKETS } from "./options";
export type { AwsCallRecord } from "./server";
