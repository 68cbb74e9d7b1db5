import {
  Eip,
  InternetGateway,
  NatGateway,
  Route,
  RouteTable,
  RouteTableAssociation,
  SecurityGroup,
  Subnet,
  Vpc,
  VpcEndpoint,
} from "@pulumi/aws/ec2";
import { getAvailabilityZonesOutput } from "@pulumi/aws/getAvailabilityZones";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, checkChoice, declared, partOf, refuse } from "../checks";
import { checkComponentName, regionOf } from "./awsChecks";
import { endpointService } from "./partition";

/** How runs reach other services from their network. None of these has inbound access. */
export const TaskNetworkAccess = {
  /** Each run has a public address, without inbound access. It costs nothing while nothing runs. */
  Public: "public",
  /** No public addresses: runs use a NAT gateway, which costs money all the time. */
  PrivateNat: "privateNat",
  /** Runs reach only the AWS services that they need: images must be in ECR. Endpoints cost money all the time. */
  PrivateEndpoints: "privateEndpoints",
} as const;
export type TaskNetworkAccess = (typeof TaskNetworkAccess)[keyof typeof TaskNetworkAccess];

/** Arguments of a `TaskNetwork`. */
export interface TaskNetworkArgs {
  /**
   * How runs reach other services. By default public, which costs nothing while nothing runs. The private ones cost money all the time.
   * @example access: TaskNetworkAccess.PrivateNat
   */
  access?: TaskNetworkAccess;
  /**
   * Address range of the network, a /16. By default 10.72.0.0/16. A change makes a new network.
   * @example cidrBlock: "10.80.0.0/16"
   */
  cidrBlock?: string;
  /**
   * Zones of the subnets, at least two. By default the first two zones of the account.
   * @example zones: ["eu-west-1a", "eu-west-1b"]
   */
  zones?: string[];
  /**
   * Region of the runs. By default the provider's (`aws:region`).
   * @example region: "eu-west-1"
   */
  region?: pulumi.Input<string>;
}

const TASK_NETWORK_ARGUMENTS: ArgumentNames<TaskNetworkArgs> = {
  access: "optional",
  cidrBlock: "optional",
  zones: "optional",
  region: "optional",
};

/**
 * The services that a run needs in a network without internet access. It also needs S3, for the layers of images. Fargate needs no
 * endpoint of ECS itself (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html).
 */
const ENDPOINTS = ["ecr.api", "ecr.dkr", "logs", "ssm", "secretsmanager"];
const ANYWHERE = "0.0.0.0/0";

/**
 * A small VPC for runs, in at least two zones. Its security group has no inbound rules.
 *
 * ```ts
 * const network = new TaskNetwork("etl-network", { access: TaskNetworkAccess.PrivateNat });
 * ```
 */
export class TaskNetwork extends pulumi.ComponentResource {
  /**
   * Id of the VPC.
   */
  readonly vpcId: pulumi.Output<string>;
  /**
   * Ids of the subnets for runs.
   */
  readonly subnetIds: pulumi.Output<string>[];
  /**
   * Id of the security group for runs.
   */
  readonly securityGroupId: pulumi.Output<string>;

  constructor(name: string, args: TaskNetworkArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("TaskNetwork", name, args, TASK_NETWORK_ARGUMENTS);
    checkComponentName(name, 200, of);
    const { access = TaskNetworkAccess.Public, cidrBlock = "10.72.0.0/16", zones } = args;
    const region = regionOf(args.region, of);
    checkChoice("access", args.access, TaskNetworkAccess, of);
    const [, start] = /^(\d{1,3}\.\d{1,3})\.0\.0\/16$/.exec(cidrBlock) ?? [];
    if (start === undefined) refuse(`cidrBlock "${cidrBlock}" must be a /16, such as 10.72.0.0/16`, of);
    if (zones && new Set(zones).size < 2) refuse("zones must name at least two zones, such as eu-west-1a and eu-west-1b", of);
    super("pushpool:index:TaskNetwork", name, args, opts);
    const options = partOf(this, opts);
    const tags = { Name: `${name}` };

    const vpc = new Vpc(`${name}-vpc`, { cidrBlock, enableDnsHostnames: true, enableDnsSupport: true, tags, region }, options);
    const names = zones ?? firstZones(region, options);
    const subnet = (part: string, number: number, availabilityZone: pulumi.Input<string>) =>
      new Subnet(`${name}-${part}`, { vpcId: vpc.id, cidrBlock: `${start}.${number * 16}.0/20`, availabilityZone, tags, region }, options);
    const subnets = names.map((zone, index) => subnet(`subnet-${index}`, index, zone));
    const out =
      access === TaskNetworkAccess.PrivateEndpoints
        ? undefined
        : new InternetGateway(`${name}-internet`, { vpcId: vpc.id, tags, region }, options);
    const table = new RouteTable(`${name}-routes`, { vpcId: vpc.id, tags, region }, options);
    const routes: pulumi.Resource[] = subnets.map(
      ({ id }, index) => new RouteTableAssociation(`${name}-routes-${index}`, { routeTableId: table.id, subnetId: id, region }, options),
    );
    const group = new SecurityGroup(
      `${name}-runs`,
      {
        vpcId: vpc.id,
        description: "Flow runs: anything out, nothing in",
        ingress: [],
        egress: [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: [ANYWHERE] }],
        tags,
        region,
      },
      options,
    );
    const anywhere = { destinationCidrBlock: ANYWHERE, region };
    if (out && access === TaskNetworkAccess.Public) {
      routes.push(new Route(`${name}-out`, { ...anywhere, routeTableId: table.id, gatewayId: out.id }, options));
    } else if (out) {
      const front = subnet("front", 15, names[0] ?? "");
      const frontTable = new RouteTable(`${name}-front-routes`, { vpcId: vpc.id, tags, region }, options);
      const joined = new RouteTableAssociation(`${name}-front`, { routeTableId: frontTable.id, subnetId: front.id, region }, options);
      const gatewayId = out.id;
      const open = new Route(`${name}-front-out`, { ...anywhere, routeTableId: frontTable.id, gatewayId }, options);
      const address = new Eip(`${name}-address`, { domain: "vpc", tags, region }, { ...options, dependsOn: [out] });
      const place = { subnetId: front.id, allocationId: address.id, tags, region };
      const nat = new NatGateway(`${name}-nat`, place, { ...options, dependsOn: [open, joined] });
      routes.push(new Route(`${name}-out`, { ...anywhere, routeTableId: table.id, natGatewayId: nat.id }, options));
    } else {
      routes.push(...endpoints());
    }

    this.vpcId = vpc.id;
    // Resolves only when runs can reach other services.
    this.subnetIds = subnets.map(({ id }) => pulumi.all([id, ...routes.map(({ urn }) => urn)]).apply(([known]) => known ?? ""));
    this.securityGroupId = group.id;
    this.registerOutputs({ vpcId: this.vpcId, subnetIds: this.subnetIds, securityGroupId: this.securityGroupId });

    function endpoints(): pulumi.Resource[] {
      const endpointSecurityGroup = new SecurityGroup(
        // Do not change this name: a new name would replace the group of every network.
        `${name}-doors`,
        {
          vpcId: vpc.id,
          description: "AWS services, for flow runs only",
          ingress: [{ protocol: "tcp", fromPort: 443, toPort: 443, securityGroups: [group.id] }],
          egress: [],
          tags,
          region,
        },
        options,
      );
      const serviceName = (of: string) => pulumi.output(region).apply((known) => endpointService(known, of));
      const storage = {
        vpcId: vpc.id,
        serviceName: serviceName("s3"),
        vpcEndpointType: "Gateway",
        tags,
        region,
      };
      return [
        new VpcEndpoint(`${name}-s3`, { ...storage, routeTableIds: [table.id] }, options),
        ...ENDPOINTS.map(
          (of) =>
            new VpcEndpoint(
              `${name}-${of.replace(".", "-")}`,
              {
                vpcId: vpc.id,
                serviceName: serviceName(of),
                vpcEndpointType: "Interface",
                privateDnsEnabled: true,
                subnetIds: subnets.map(({ id }) => id),
                securityGroupIds: [endpointSecurityGroup.id],
                tags,
                region,
              },
              options,
            ),
        ),
      ];
    }
  }
}

function firstZones(region: pulumi.Input<string>, { parent }: pulumi.CustomResourceOptions): pulumi.Output<string>[] {
  // Local zones, and zones that need an opt-in, have no Fargate.
  const usable = { state: "available", filters: [{ name: "opt-in-status", values: ["opt-in-not-required"] }], region };
  const { names } = getAvailabilityZonesOutput(usable, parent ? { parent } : {});
  return [0, 1].map((index) => names.apply((all) => all[index] ?? ""));
}
