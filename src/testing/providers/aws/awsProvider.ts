import type { FakeAws } from "../../clouds/aws";
import type { StandInProvider } from "../standInProvider";
import { identityResources } from "./identity";
import { placeResources } from "./places";

/**
 * A stand-in for Pulumi's `aws` provider, as the owner of a fake AWS of this process. It has the resource types that pushpool's components
 * use; a program that has another is told.
 *
 * ```ts
 * const aws = await startFakeAws();
 * const engine = new OfflineEngine({ projectDir: "infra", providers: { aws: awsProvider(aws) } });
 * ```
 */
export function awsProvider(aws: FakeAws): StandInProvider {
  return {
    resources: { ...identityResources(aws), ...placeResources(aws) },
    functions: {
      "aws:index/getAvailabilityZones:getAvailabilityZones": ({ region = aws.region }) => ({
        id: String(region),
        names: ["a", "b", "c"].map((zone) => `${String(region)}${zone}`),
        zoneIds: [],
      }),
    },
  };
}
