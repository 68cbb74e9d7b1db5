import type { Json } from "../../../json";
import { words } from "../shared/words";
import { gatewayError } from "./azureErrors";

/** Regions of Container Instances, as Resource Manager names them. */
export const ACI_REGIONS: readonly string[] = words(`
  australiaeast australiasoutheast brazilsouth canadacentral canadaeast centralindia centralus eastasia eastus
  eastus2 francecentral germanywestcentral italynorth japaneast japanwest koreacentral northcentralus
  northeurope norwayeast polandcentral southafricanorth southcentralus southeastasia southindia spaincentral
  swedencentral switzerlandnorth uaenorth uksouth ukwest westcentralus westeurope westus westus2 westus3
`);

/** Regions of resource groups, in the order in which Resource Manager lists them. */
const REGIONS: readonly string[] = words(`
  centralus eastasia southeastasia eastus eastus2 westus westus2 northcentralus southcentralus westcentralus
  northeurope westeurope japaneast japanwest brazilsouth australiasoutheast australiaeast westindia southindia
  centralindia canadacentral canadaeast uksouth ukwest koreacentral koreasouth francecentral southafricanorth
  uaenorth australiacentral switzerlandnorth germanywestcentral norwayeast jioindiawest westus3
  australiacentral2
`);

/** A region's name as Resource Manager compares it: "West Europe" is westeurope. */
export function regionOf(location: string): string {
  return location.toLowerCase().replaceAll(" ", "");
}

/** Resource Manager refuses a resource without a location, or in one where its type does not exist. @throws {ArmError} */
export function checkLocation(location: Json | undefined, type: string, regions: readonly string[] = REGIONS): asserts location is string {
  demandRegion(location, regions, "LocationNotAvailableForResourceType", [
    `resource type '${type}'`,
    "available regions for the resource type",
  ]);
}

/** The same for a resource group. @throws {ArmError} */
export function checkGroupLocation(location: Json | undefined): asserts location is string {
  demandRegion(location, REGIONS, "LocationNotAvailableForResourceGroup", ["resource group", "available regions"]);
}

function demandRegion(
  location: Json | undefined,
  regions: readonly string[],
  code: string,
  [what, which]: [string, string],
): asserts location is string {
  if (typeof location !== "string" || location === "")
    throw gatewayError(400, "LocationRequired", "The location property is required for this definition.");
  if (regions.includes(regionOf(location))) return;
  const message = `The provided location '${location}' is not available for ${what}. List of ${which} is '${regions.join(",")}'.`;
  throw gatewayError(400, code, message);
}
