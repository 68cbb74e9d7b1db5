import type { JsonObject } from "../../../json";
import type { World } from "./world";

/** A task's network, as `RunTask` was asked for it. */
export interface TaskNetworkRequest {
  subnets?: string[];
  securityGroups?: string[];
  assignPublicIp?: string;
}

const ANYWHERE = "0.0.0.0/0";

/**
 * Whether a task gets to a service of AWS (`ecr.api`, `logs`), or to the internet, by what was made of its network. Of a network that is only
 * named, and not made here, nothing is known: everything is in reach.
 */
export function reaches(
  world: World,
  { subnets: [subnet = ""] = [], securityGroups, assignPublicIp }: TaskNetworkRequest,
  service: string | "internet",
): boolean {
  const { things } = world.surroundings;
  const made = things.get(subnet);
  if (!made) return true;
  if (!securityGroups?.every((id) => (things.get(id)?.properties.egress as unknown[] | undefined)?.length !== 0)) return false;
  if (toInternet(world, subnet, assignPublicIp === "ENABLED")) return true;
  if (service === "internet") return false;
  return of(world, "vpce").some((endpoint) => {
    if (endpoint.vpcId !== made.properties.vpcId || !String(endpoint.serviceName).endsWith(`.${world.options.region}.${service}`))
      return false;
    if (endpoint.vpcEndpointType === "Gateway") return (endpoint.routeTableIds as string[]).includes(tableOf(world, subnet) ?? "");
    const endpointSecurityGroups = endpoint.securityGroupIds as string[];
    return (
      endpoint.privateDnsEnabled === true && endpointSecurityGroups.some((id) => letsIn(things.get(id)?.properties, securityGroups ?? []))
    );
  });
}

/** By a gateway of its own, for those with public addresses, or by a NAT gateway in a subnet that has one. */
function toInternet(world: World, subnet: string, isPublic: boolean): boolean {
  const { things } = world.surroundings;
  const table = tableOf(world, subnet);
  const out = of(world, "r").find((route) => route.routeTableId === table && route.destinationCidrBlock === ANYWHERE);
  if (out?.gatewayId !== undefined) return isPublic && things.has(String(out.gatewayId));
  const nat = out?.natGatewayId === undefined ? undefined : things.get(String(out.natGatewayId))?.properties;
  return nat !== undefined && toInternet(world, String(nat.subnetId), things.has(String(nat.allocationId)));
}

function letsIn(securityGroup: JsonObject | undefined, from: readonly string[]): boolean {
  const rules = (securityGroup?.ingress ?? []) as { fromPort: number; toPort: number; securityGroups?: string[] }[];
  return rules.some(
    ({ fromPort, toPort, securityGroups = [] }) => fromPort <= 443 && toPort >= 443 && securityGroups.some((id) => from.includes(id)),
  );
}

function tableOf(world: World, subnet: string): string | undefined {
  const association = of(world, "rtbassoc").find(({ subnetId }) => subnetId === subnet);
  return association && String(association.routeTableId);
}

function of(world: World, kind: string): JsonObject[] {
  return [...world.surroundings.things.values()].filter((thing) => thing.kind === kind).map(({ properties }) => properties);
}
