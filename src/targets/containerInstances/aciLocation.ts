import { usualValue } from "../cloud/removal";
import { type DeclaredPlace, defaultOf, lastPart, type PoolLocation, said, valueAtPath } from "../locate";

const LOCATION = ["job_configuration", "arm_template", "parameters", "location", "defaultValue"];

/** Where a pool's container groups are: in the location that its template names, which usually is that of the resource group, and in subnets. */
export function locate(pool: DeclaredPlace): PoolLocation {
  const location = said(valueAtPath(pool.baseJobTemplate, LOCATION));
  const group = usualValue(pool.baseJobTemplate, "resource_group_name");
  const isExpression = location === undefined || location.startsWith("[");
  const subnets = defaultOf(pool, "subnet_ids");
  const names = (Array.isArray(subnets) ? subnets : []).map((id) => said(id)).filter((id) => id !== undefined);
  return {
    region: isExpression ? null : location,
    ...(isExpression && group !== undefined ? { words: `that of resource group ${group}` } : {}),
    network: names.length === 0 ? null : names.map(subnetOf).join(", "),
  };
}

/** A subnet with its virtual network: `flows-net/runs`. */
function subnetOf(id: string): string {
  const network = /\/virtualNetworks\/([^/]+)\/subnets\//i.exec(id)?.[1];
  return network === undefined ? lastPart(id) : `${network}/${lastPart(id)}`;
}
