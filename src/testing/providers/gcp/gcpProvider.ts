import type { StandInProvider } from "../standInProvider";
import { googleApi } from "./googleApi";
import { identityResources } from "./googleIdentity";
import { surroundingResources } from "./surroundings";
import { workloadIdentityResources } from "./workloadIdentityResources";

/** Where the provider's resources are. */
export interface GcpProviderOptions {
  /** Base URL of all services. */
  url: string;
  /** An access token to provision with. */
  ownerToken(): string;
}

/**
 * A stand-in for Pulumi's `gcp` provider. It turns each resource into calls of Google's REST APIs to the fake. It has the resource types
 * that pushpool's components use, and refuses all others.
 *
 * ```ts
 * const google = await startFakeGoogleCloud();
 * const engine = new OfflineEngine({ projectDir: "infra", providers: { gcp: gcpProvider(google) } });
 * ```
 */
export function gcpProvider({ url, ownerToken }: GcpProviderOptions): StandInProvider {
  const api = googleApi(url, ownerToken);
  return {
    resources: { ...identityResources(api), ...workloadIdentityResources(api), ...surroundingResources(api) },
    functions: {
      "gcp:organizations/getClientConfig:getClientConfig": () => ({
        id: "projects//regions//zones/",
        accessToken: ownerToken(),
        defaultLabels: {},
        project: "",
        region: "",
        zone: "",
      }),
    },
  };
}
