import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test } from "vitest";
import { EcsPushPool, type EcsPushPoolArgs } from "../../../components/aws";
import { endpointService, partitionOf } from "../../../components/aws/partition";

// What a pool declares, in each place and with each network: names and ARNs of its own partition, and nothing open to the outside.

interface Declared {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

let declared: Declared[];

/** Every resource is as declared, in an account of the region's partition. */
function mock(region: string): void {
  declared = [];
  const partition = partitionOf(region);
  pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      declared.push({ type, name, inputs });
      return { id: `${name}-id`, state: { name, arn: `arn:${partition}:any::111111111111:${name}`, ...inputs } };
    },
    call: ({ inputs }) => ({ ...inputs, names: ["a", "b", "c"].map((zone) => `${inputs.region}${zone}`) }),
  });
}

async function declare(args: EcsPushPoolArgs): Promise<void> {
  new EcsPushPool("etl", args);
  // Waits until everything is declared.
  await pulumi.runtime.disconnect();
}

const of = (type: string) => declared.filter((each) => each.type === type).map(({ inputs }) => inputs);

const EVERYTHING: EcsPushPoolArgs = {
  network: "privateEndpoints",
  permissions: "leastPrivilege",
  imageRepository: true,
  taskPolicyArns: [],
  secretEnv: { PASSWORD: "x" },
  submitters: ["role/data"],
};

describe.each([
  ["eu-west-1", "aws", "com.amazonaws"],
  ["us-gov-west-1", "aws-us-gov", "com.amazonaws"],
  ["cn-north-1", "aws-cn", "cn.com.amazonaws"],
  ["cn-northwest-1", "aws-cn", "cn.com.amazonaws"],
  ["us-iso-east-1", "aws-iso", "gov.ic.c2s"],
  ["us-isob-east-1", "aws-iso-b", "gov.sgov.sc2s"],
  ["us-isof-south-1", "aws-iso-f", "gov.ic.hci.csp"],
  ["eu-isoe-west-1", "aws-iso-e", "uk.adc-e.cloud"],
  ["eusc-de-east-1", "aws-eusc", "eu.amazonaws"],
])("in %s", (region, partition, registry) => {
  beforeEach(() => mock(region));

  test.each(["leastPrivilege", "documented"] as const)("every ARN has its region's partition: %s", async (permissions) => {
    await declare({ ...EVERYTHING, region, permissions });
    const arns = JSON.stringify(declared).match(/arn:[^":/\\]*/g) ?? [];
    expect(new Set(arns)).toEqual(new Set([`arn:${partition}`]));
    expect(of("aws:iam/role:Role").map(({ assumeRolePolicy }) => assumeRolePolicy)).toEqual(
      Array(2).fill(expect.stringContaining('"ecs-tasks.amazonaws.com"')),
    );
    if (permissions === "documented") expect(JSON.stringify(declared)).toContain(`arn:${partition}:iam::aws:policy/AmazonECS_FullAccess`);
  });

  test("endpoints have the names of their partition", async () => {
    await declare({ ...EVERYTHING, region });
    expect(of("aws:ec2/vpcEndpoint:VpcEndpoint").map(({ serviceName, vpcEndpointType }) => [serviceName, vpcEndpointType])).toEqual([
      [`com.amazonaws.${region}.s3`, "Gateway"],
      [`${registry}.${region}.ecr.api`, "Interface"],
      [`${registry}.${region}.ecr.dkr`, "Interface"],
      [`com.amazonaws.${region}.logs`, "Interface"],
      [`com.amazonaws.${region}.ssm`, "Interface"],
      [`com.amazonaws.${region}.secretsmanager`, "Interface"],
    ]);
    expect(endpointService(region, "ecr.api")).toBe(`${registry}.${region}.ecr.api`);
  });
});

const NETWORKS = ["public", "privateNat", "privateEndpoints"] as const;

test.each(NETWORKS.flatMap((network) => (["key", "ambient"] as const).map((credentials) => [network, credentials] as const)))(
  "network %s, credentials %s: nothing is open to the outside",
  async (network, credentials) => {
    mock("eu-west-1");
    await declare({ ...EVERYTHING, region: "eu-west-1", network, credentials });
    // Rules are only in their groups, where one sees them together.
    expect(declared.map(({ type }) => type).filter((type) => /rule|acl|listener|loadbalancer/i.test(type))).toEqual([]);
    const groups = of("aws:ec2/securityGroup:SecurityGroup") as { ingress: { cidrBlocks?: string[]; securityGroups?: string[] }[] }[];
    expect(groups.map(({ ingress }) => ingress)).toEqual([
      [],
      ...(network === "privateEndpoints"
        ? [[{ protocol: "tcp", fromPort: 443, toPort: 443, securityGroups: ["etl-network-runs-id"] }]]
        : []),
    ]);
    const subnets = of("aws:ec2/subnet:Subnet");
    expect(new Set(subnets.map(({ availabilityZone }) => availabilityZone)).size).toBeGreaterThanOrEqual(2);
    expect(subnets.filter(({ mapPublicIpOnLaunch }) => mapPublicIpOnLaunch)).toEqual([]);
    // Only if runs have public addresses does a route lead directly to the internet.
    const routes = of("aws:ec2/route:Route").filter(({ routeTableId }) => routeTableId === "etl-network-routes-id");
    expect(routes.map(({ gatewayId, natGatewayId }) => [gatewayId, natGatewayId])).toEqual(
      { public: [["etl-network-internet-id", undefined]], privateNat: [[undefined, "etl-network-nat-id"]], privateEndpoints: [] }[network],
    );
  },
);
