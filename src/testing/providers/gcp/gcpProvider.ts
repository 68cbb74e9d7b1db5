import type { StandInProvider } from "../standInProvider";
import { googleApi } from "./googleApi";
import { identityResources } from "./identity";
import { surroundingResources } from "./surroundings";

/** Where the provider's resources are. */
export interface GcpProviderOptions {
  /** Base URL of every service. */
  url: string;
  /** An access token of whoever provisions. */
  ownerToken(): string;
}

/**
 * A stand-in for Pulumi's `gcp` provider: each resource becomes calls of Google's REST APIs, at the fake's place. It has the resource types
 * that pushpool's components use; a program that has another is told.
 *
 * ```ts
 * const google = await startFakeGoogleCloud();
 * const engine = new OfflineEngine({ projectDir: "infra", providers: { gcp: gcpProvider(google) } });
 * ```
 */
export function gcpProvider({ url, ownerToken }: GcpProviderOptions): StandInProvider {
  const api = googleApi(url, ownerToken);
  return { resources: { ...identityResources(api), ...surroundingResources(api) } };
}
