import type { JsonObject } from "../../../json";
import type { World } from "./awsWorld";

/** A task's network, as in `RunTask`. */
export interface TaskNetworkRequest {
  subnets?: string[];
  securityGroups?: string[];
  assignPublicIp?: string;
}

const ANYWHERE = "0.0.0.0/0";

/**
 * Whether a task can reach a service of AWS (`ecr.api`, `logs`) or the internet, by the resources of its network. A network that is only
 * named, and was not created here, can reach everything.
 */
export function reaches(
  world: World,
  { subnets: [subnet = ""] = [], securityGroups, assignPublicIp }: TaskNetworkRequest,
  service: string | "internet",
): boolean {
  const { things } = world.surroundings;
  const made = things.get(subnet);
  if (!made) return true;
  if (!securityGroups?.every((id) => (things.get(id)?.properties.SecurityGroupEgress as unknown[] | undefined)?.length !== 0)) return false;
  if (toInternet(world, subnet, assignPublicIp === "ENABLED")) return true;
  if (service === "internet") return false;
  return of(world, "vpce").some((endpoint) => {
    if (endpoint.VpcId !== made.properties.VpcId || !String(endpoint.ServiceName).endsWith(`.${world.options.region}.${service}`))
      return false;
    if (endpoint.VpcEndpointType === "Gateway") return (endpoint.RouteTableIds as string[]).includes(tableOf(world, subnet) ?? "");
    const endpointSecurityGroups = endpoint.SecurityGroupIds as string[];
    return (
      endpoint.PrivateDnsEnabled === true && endpointSecurityGroups.some((id) => letsIn(things.get(id)?.properties, securityGroups ?? []))
    );
  });
}

/** Through an internet gateway, if the task has a public address, or through a NAT gateway in a subnet that has one. */
function toInternet(world: World, subnet: string, isPublic: boolean): boolean {
  const { things } = world.surroundings;
  const table = tableOf(world, subnet);
  const out = of(world, "r").find((route) => route.RouteTableId === table && route.DestinationCidrBlock === ANYWHERE);
  if (out?.GatewayId !== undefined) {
    const attachedTo = things.get(String(out.GatewayId))?.properties.VpcId;
    return isPublic && attachedTo !== undefined && attachedTo === things.get(subnet)?.properties.VpcId;
  }
  const nat = out?.NatGatewayId === undefined ? undefined : things.get(String(out.NatGatewayId))?.properties;
  return nat !== undefined && toInternet(world, String(nat.SubnetId), things.has(String(nat.AllocationId)));
}

function letsIn(securityGroup: JsonObject | undefined, from: readonly string[]): boolean {
  const rules = (securityGroup?.SecurityGroupIngress ?? []) as { FromPort: number; ToPort: number; SourceSecurityGroupId?: string }[];
  return rules.some(
    ({ FromPort, ToPort, SourceSecurityGroupId = "" }) => FromPort <= 443 && ToPort >= 443 && from.includes(SourceSecurityGroupId),
  );
}

function tableOf(world: World, subnet: string): string | undefined {
  const association = of(world, "rtbassoc").find(({ SubnetId }) => SubnetId === subnet);
  return association && String(association.RouteTableId);
}

function of(world: World, kind: string): JsonObject[] {
  return [...world.surroundings.things.values()].filter((thing) => thing.kind === kind).map(({ properties }) => properties);
}
