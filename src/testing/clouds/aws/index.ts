export type { AwsFault } from "./awsFaults";
export type { AccessKey, Policy, Statement } from "./awsIam";
export { type FakeAwsOptions, REAL_BUCKETS } from "./awsOptions";
export type { AwsCallRecord } from "./awsServer";
export { type FakeAws, startFakeAws } from "./fakeAws";
