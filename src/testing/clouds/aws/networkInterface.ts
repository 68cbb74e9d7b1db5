import { randomBytes, randomUUID } from "node:crypto";
import type { JsonObject } from "../../../json";
import { invalid } from "./awsError";
import type { World } from "./awsWorld";
import type { TaskNetworkRequest } from "./reach";
import type { Task } from "./tasks";

/** ECS' limits (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html). */
const MAX_ITEMS = { subnets: 16, securityGroups: 5 };

/** Check a task's network, as ECS does with EC2. @throws {AwsError} with EC2's message, as ECS passes it on */
export function checkNetwork(world: World, { subnets = [], securityGroups = [] }: TaskNetworkRequest): void {
  if (subnets.length > MAX_ITEMS.subnets) throw invalid(`subnets can have at most ${MAX_ITEMS.subnets} items.`);
  if (securityGroups.length > MAX_ITEMS.securityGroups) throw invalid(`securityGroups can have at most ${MAX_ITEMS.securityGroups} items.`);
  const networks = subnets.map((subnet) => {
    const network = networkOf(world, subnet, "subnet");
    if (network === undefined)
      throw invalid(
        `Error retrieving subnet information for [${subnet}]: The subnet ID '${subnet}' does not exist (ErrorCode: InvalidSubnetID.NotFound)`,
      );
    return network;
  });
  if (new Set(networks).size > 1) throw invalid("The provided subnets must belong to the same VPC.");
  for (const group of securityGroups) {
    if (networkOf(world, group, "sg") === undefined)
      throw invalid(
        `Error retrieving security group information for [${group}]: The security group '${group}' does not exist (ErrorCode: InvalidGroup.NotFound)`,
      );
  }
}

/** The VPC of a subnet or security group, from the options or created here. */
function networkOf(world: World, id: string, kind: "subnet" | "sg"): string | undefined {
  const named = kind === "subnet" ? world.options.subnets : world.options.securityGroups;
  const made = world.surroundings.things.get(id);
  return named[id] ?? (made?.kind === kind ? (made.properties.VpcId as string | undefined) : undefined);
}

/** The network interface of a task in `awsvpc` mode, before it exists. */
export function precreated({ subnets: [subnet] = [] }: TaskNetworkRequest): JsonObject[] {
  if (subnet === undefined) return [];
  return [{ id: randomUUID(), type: "ElasticNetworkInterface", status: "PRECREATED", details: [{ name: "subnetId", value: subnet }] }];
}

/** The network interface exists: it connects the task, and each container has its address. */
export function attach(world: World, { record }: Task): void {
  record.more.connectivity = "CONNECTED";
  record.connectivityAt = Date.now();
  const [attachment] = record.more.attachments as JsonObject[];
  if (!attachment) return;
  const [third = 0, last = 0] = randomBytes(2);
  const address = `10.0.${third}.${last}`;
  attachment.status = "ATTACHED";
  attachment.details = [
    ...(attachment.details as JsonObject[]),
    { name: "networkInterfaceId", value: `eni-0${randomBytes(8).toString("hex")}` },
    { name: "macAddress", value: `0a:${[...randomBytes(5)].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}` },
    { name: "privateDnsName", value: `ip-${address.replaceAll(".", "-")}.${world.options.region}.compute.internal` },
    { name: "privateIPv4Address", value: address },
  ];
  for (const container of record.containers)
    container.networkInterfaces = [{ attachmentId: attachment.id ?? "", privateIpv4Address: address }];
}

/** The network interface is gone with the task, but still shown. */
export function detach({ record }: Task): void {
  for (const attachment of record.more.attachments as JsonObject[]) attachment.status = "DELETED";
}
