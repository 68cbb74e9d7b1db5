import { Network, Subnetwork } from "@pulumi/gcp/compute";
import { Connector } from "@pulumi/gcp/vpcaccess";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, checkChoice, declared, partOf } from "../checks";
import { placeOf } from "./gcpChecks";

/** How runs get into a VPC network. */
export const NetworkAccess = {
  /** Each run has an address in the subnetwork. It costs nothing while nothing runs. */
  Direct: "direct",
  /**
   * Through a Serverless VPC Access connector, for which Prefect's template has a variable. The machines of a connector cost money all the
   * time.
   */
  Connector: "connector",
} as const;
export type NetworkAccess = (typeof NetworkAccess)[keyof typeof NetworkAccess];

/** Arguments of a `RunNetwork`. */
export interface RunNetworkArgs {
  /**
   * How runs get into the network. By default direct, which costs nothing while nothing runs. The machines of a connector cost money all
   * the time.
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
   * Address range of the subnetwork. By default 10.8.0.0/26, enough for about thirty concurrent runs. A connector needs a /28, by default
   * 10.8.0.0/28.
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
 * A VPC network only for runs, for services that nobody else should reach.
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
   * Id of the subnetwork, with direct access.
   */
  readonly subnetworkId: pulumi.Output<string> | undefined;
  /**
   * Id of the connector, if there is one: the value for the job variable vpc_connector_name.
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
