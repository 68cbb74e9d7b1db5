export type { Changes, EngineEvent, EngineResult, Op, PropertyDiff, StepEvent } from "../engine";
export { OperationFailed } from "../engine";
export type { InlineProgram } from "../engine/inlineProgram";
export type { Intercept, ProviderCall } from "../engine/providers/providerHost";
export { type FakeAws, type FakeAwsOptions, REAL_BUCKETS, startFakeAws } from "./clouds/aws";
export { type FakeAzure, type FakeAzureOptions, REAL_AZURE_LIMITS, startFakeAzure } from "./clouds/azure";
export {
  type FakeGoogleCloud,
  type FakeGoogleCloudOptions,
  startFakeGoogleCloud,
} from "./clouds/gcp";
export {
  type FakeGitHubJob,
  type FakeGitLabJob,
  type FakeIssuer,
  type FakeIssuerOptions,
  startFakeIssuer,
} from "./clouds/shared/fakeIssuer";
export type { FakeRegistry, ImageName, ImageStore, PushedImage } from "./clouds/shared/fakeRegistry";
export { OfflineEngine, type OfflineEngineOptions, type OfflineResult, type SeenInState } from "./offlineEngine";
export { type OfflineStack, type OfflineStackOptions, offlineStack } from "./offlineStack";
export {
  type Asked,
  type AzureProviderOptions,
  awsProvider,
  azureadProvider,
  azureNativeProvider,
  type DockerBuildProviderOptions,
  dockerBuildProvider,
  type Found,
  type GcpProviderOptions,
  gcpProvider,
  type ServedProvider,
  type StandInProvider,
  type StandInResource,
  serveProvider,
} from "./providers";
