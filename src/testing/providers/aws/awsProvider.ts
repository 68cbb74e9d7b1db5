import type { JsonObject } from "../../../json";
import type { FakeAws } from "../../clouds/aws";
import type { StandInProvider } from "../standInProvider";
import { awsApi } from "./awsApi";
import { identityResources } from "./awsIdentity";
import { placeResources } from "./places";

/** Where the provider's resources are, and the key to provision with. */
export type AwsProviderOptions = Pick<FakeAws, "url" | "region" | "account" | "ownerKey">;

/**
 * A stand-in for Pulumi's `aws` provider. It turns each resource into calls of AWS' APIs to the fake, as the account's owner. It has the
 * resource types that pushpool's components use, and refuses all others.
 *
 * ```ts
 * const aws = await startFakeAws();
 * const engine = new OfflineEngine({ projectDir: "infra", providers: { aws: awsProvider(aws) } });
 * ```
 */
export function awsProvider(aws: AwsProviderOptions): StandInProvider {
  const api = awsApi(aws);
  return {
    resources: { ...identityResources(api), ...placeResources(api) },
    functions: {
      "aws:iam/getAccessKeys:getAccessKeys": async ({ user }) => {
        const keys = await api.iam("ListAccessKeys", { UserName: user });
        const [created, statuses] = [keys("CreateDate"), keys("Status")];
        const accessKeys = keys("AccessKeyId").map((accessKeyId, at) => ({
          accessKeyId,
          createDate: created[at] ?? "",
          status: statuses[at] ?? "",
        }));
        return { id: String(user), user: String(user), accessKeys };
      },
      "aws:index/getAvailabilityZones:getAvailabilityZones": ({ region = aws.region }) => ({
        id: String(region),
        names: ["a", "b", "c"].map((zone) => `${String(region)}${zone}`),
        zoneIds: [],
      }),
      "aws:ecr/getAuthorizationToken:getAuthorizationToken": async ({ registryId, region = aws.region }) => {
        const given = await api.ecr("GetAuthorizationToken", registryId === undefined ? {} : { registryIds: [registryId] });
        const [{ authorizationToken = "", expiresAt = 0, proxyEndpoint = "" } = {}] = given.authorizationData as JsonObject[];
        const [userName = "", password = ""] = Buffer.from(String(authorizationToken), "base64").toString("utf8").split(":");
        const times = { expiresAt: new Date(Number(expiresAt) * 1000).toISOString() };
        return { id: region, region, authorizationToken, proxyEndpoint, userName, password, ...times };
      },
    },
  };
}
