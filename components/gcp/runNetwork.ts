import { Network, Subnetwork } from "@pulumi/gcp/compute";
import { Connector } from "@pulumi/gcp/vpcaccess";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, checkChoice, declared, partOf } from "../checks";
import { placeOf } from "./checks";

/** How runs get into a VPC network. */
export const NetworkAccess = {
  /** Each has an address in the subnetwork: no machines that cost while nothing runs. */
  Direct: "direct",
  /** Through a Serverless VPC Access connector, for which Prefect's template has a variable. Its machines cost all the time. */
  Connector: "connector",
} as const;
export type NetworkAccess = (typeof NetworkAccess)[keyof typeof NetworkAccess];

/** Arguments of a `RunNetwork`. */
export interface RunNetworkArgs {
  /**
   * How runs get into it. By default direct, which costs nothing while nothing runs. A connector's machines cost all the time.
   * @example access: NetworkAccess.Connector
   */
  access?: NetworkAccess;
  /**
   * Project of the network. By default the provider's (`gcp:project`).
   * @example project: "acme-data"
   */
  project?: pulumi.Input<string>;
  /**
   * Region of the runs. By default the provider's (`gcp:region`).
   * @example region: "europe-west1"
   */
  region?: pulumi.Input<string>;
  /**
   * Addresses of the subnetwork. By default 10.8.0.0/26, for some thirty runs at a time. A connector takes a /28, by default 10.8.0.0/28.
   * @example ipRange: "10.8.0.0/24"
   */
  ipRange?: pulumi.Input<string>;
}

const RUN_NETWORK_ARGUMENTS: ArgumentNames<RunNetworkArgs> = {
  access: "optional",
  project: "optional",
  region: "optional",
  ipRange: "optional",
};

/**
 * A VPC network for the runs alone, for services that only they may reach.
 *
 * ```ts
 * const network = new RunNetwork("etl-network", { access: NetworkAccess.Connector });
 * ```
 */
export class RunNetwork extends pulumi.ComponentResource {
  /**
   * The network's id.
   */
  readonly networkId: pulumi.Output<string>;
  /**
   * With direct access: the subnetwork's id.
   */
  readonly subnetworkId: pulumi.Output<string> | undefined;
  /**
   * With a connector: its id, which the job variable vpc_connector_name takes.
   */
  readonly connectorId: pulumi.Output<string> | undefined;

  constructor(name: string, args: RunNetworkArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("RunNetwork", name, args, RUN_NETWORK_ARGUMENTS);
    const project = placeOf("project", args.project, of);
    const region = placeOf("region", args.region, of);
    checkChoice("access", args.access, NetworkAccess, of);
    super("pushpool:index:RunNetwork", name, args, opts);
    const options = partOf(this, opts);

    const network = new Network(`${name}-vpc`, { project, autoCreateSubnetworks: false }, options);
    this.networkId = network.id;
    if (args.access === NetworkAccess.Connector) {
      const size = { ipCidrRange: args.ipRange ?? "10.8.0.0/28", minInstances: 2, maxInstances: 3 };
      this.connectorId = new Connector(`${name}-connector`, { project, region, network: network.name, ...size }, options).id;
    } else {
      const range = { ipCidrRange: args.ipRange ?? "10.8.0.0/26", privateIpGoogleAccess: true };
      this.subnetworkId = new Subnetwork(`${name}-subnetwork`, { project, region, network: network.id, ...range }, options).id;
    }
    this.registerOutputs({ networkId: this.networkId, subnetworkId: this.subnetworkId, connectorId: this.connectorId });
  }
}
