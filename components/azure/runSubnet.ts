import { NatGateway } from "@pulumi/azure-native/network/natGateway";
import { PublicIPAddress } from "@pulumi/azure-native/network/publicIPAddress";
import { Subnet } from "@pulumi/azure-native/network/subnet";
import { VirtualNetwork } from "@pulumi/azure-native/network/virtualNetwork";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, checkChoice, type Declared, declared, partOf, refuse } from "../checks";
import { physicalName } from "../physicalName";
import { checkAzureName, locationOf } from "./azureChecks";
import { named } from "./resourceIds";

/** How runs in a virtual network reach what is outside of it. Neither lets anything in. */
export const RunSubnetAccess = {
  /** By a NAT gateway with one public address, which costs money all the time. */
  PrivateNat: "privateNat",
  /** They do not: only the network itself, and what it is connected to. Images must come from a registry with a private endpoint there. */
  Isolated: "isolated",
} as const;
export type RunSubnetAccess = (typeof RunSubnetAccess)[keyof typeof RunSubnetAccess];

/** Arguments of a `RunSubnet`. */
export interface RunSubnetArgs {
  /**
   * Name of the resource group that it is in.
   * @example resourceGroupName: group.resourceGroupName
   */
  resourceGroupName: pulumi.Input<string>;
  /**
   * How runs get out. By default by a NAT gateway, which costs all the time: in a virtual network Azure gives runs no other way.
   * @example access: RunSubnetAccess.Isolated
   */
  access?: RunSubnetAccess;
  /**
   * Addresses of the network, a /16. By default 10.73.0.0/16. A change makes a new network.
   * @example cidrBlock: "10.80.0.0/16"
   */
  cidrBlock?: string;
  /**
   * Where it is, which must be where the runs are. By default the provider's location (`azure-native:location`).
   * @example location: "westeurope"
   */
  location?: pulumi.Input<string>;
}

const RUN_SUBNET_ARGUMENTS: ArgumentNames<RunSubnetArgs> = {
  resourceGroupName: "required",
  access: "optional",
  cidrBlock: "optional",
  location: "optional",
};

/** Who uses the subnet: nothing else can be in it. */
const CONTAINER_GROUPS = "Microsoft.ContainerInstance/containerGroups";

/**
 * A virtual network with one subnet for runs, for services that only they may reach.
 *
 * ```ts
 * const network = new RunSubnet("etl-network", { resourceGroupName: group.resourceGroupName });
 * ```
 */
export class RunSubnet extends pulumi.ComponentResource {
  /**
   * Id of the subnet for runs. It is known once runs can get out.
   */
  readonly subnetId: pulumi.Output<string>;
  /**
   * Id of the virtual network.
   */
  readonly networkId: pulumi.Output<string>;

  constructor(name: string, args: RunSubnetArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("RunSubnet", name, args, RUN_SUBNET_ARGUMENTS);
    const location = locationOf(args.location, of);
    checkAzureName("resourceGroupName", "resourceGroup", args.resourceGroupName, of);
    checkChoice("access", args.access, RunSubnetAccess, of);
    checkCidrBlock(args.cidrBlock, of);
    super("pushpool:index:RunSubnet", name, args, opts);
    const made = runSubnet(name, { ...args, location }, partOf(this, opts));

    this.subnetId = made.subnetId;
    this.networkId = made.networkId;
    this.registerOutputs({ subnetId: this.subnetId, networkId: this.networkId });
  }
}

function checkCidrBlock(cidrBlock: string | undefined, of: Declared): void {
  if (cidrBlock !== undefined && !/^\d{1,3}\.\d{1,3}\.0\.0\/16$/.test(cidrBlock))
    refuse(`cidrBlock "${cidrBlock}" must be a /16, such as 10.73.0.0/16`, of);
}

/** The resources of {@link RunSubnet}, for a pool that makes them without the component. */
export function runSubnet(
  name: string,
  { resourceGroupName, access, cidrBlock = "10.73.0.0/16", location }: RunSubnetArgs & { location: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): Pick<RunSubnet, "subnetId" | "networkId"> {
  const called = (part: string) => physicalName(`${name}-${part}`, 60);
  const place = { resourceGroupName, location };
  const network = new VirtualNetwork(
    `${name}-vnet`,
    { ...place, virtualNetworkName: called("vnet"), addressSpace: { addressPrefixes: [cidrBlock] } },
    named(options),
  );
  const natGateway = access === RunSubnetAccess.Isolated ? {} : { natGateway: { id: wayOut().id } };
  // A /20: Azure advises more addresses than there are runs, since it gives one free some time after its run.
  const subnet = new Subnet(
    `${name}-subnet`,
    {
      resourceGroupName,
      virtualNetworkName: network.name,
      subnetName: "runs",
      addressPrefix: cidrBlock.replace("/16", "/20"),
      defaultOutboundAccess: false,
      delegations: [{ name: "runs", serviceName: CONTAINER_GROUPS }],
      ...natGateway,
    },
    named(options),
  );
  return { subnetId: subnet.id, networkId: network.id };

  function wayOut(): NatGateway {
    const sku = { name: "Standard" };
    const address = new PublicIPAddress(
      `${name}-address`,
      { ...place, publicIpAddressName: called("address"), sku, publicIPAllocationMethod: "Static", publicIPAddressVersion: "IPv4" },
      named(options),
    );
    return new NatGateway(
      `${name}-nat`,
      { ...place, natGatewayName: called("nat"), sku, publicIpAddresses: [{ id: address.id }] },
      named(options),
    );
  }
}
