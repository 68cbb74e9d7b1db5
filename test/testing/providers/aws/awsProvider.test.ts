import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../../../src/json";
import { awsProvider, type FakeAws, type Found, type StandInResource, startFakeAws } from "../../../../src/testing";
import type { Principal } from "../../../../src/testing/clouds/aws/awsIam";
import { provisioned } from "../../../e2e/clouds/aws";

// Each resource type alone: the fake has what it creates, it reads changes there, and deleted resources no longer exist.

const READ_ONLY = "arn:aws:iam::aws:policy/AmazonECS_FullAccess";
const OWN = "arn:aws:iam::111111111111:policy/given";
const document = (action: string) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: action, Resource: "*" }] });
const trust = (service: string) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }] });

interface Case {
  inputs: JsonObject;
  /** Someone changes it, and which outputs then differ. Absent: it can only be deleted. */
  drift?: [change: (aws: FakeAws, id: string) => void, seen: JsonObject];
  /** Someone deletes it. */
  gone: (aws: FakeAws, id: string) => void;
}

const user = ({ world }: FakeAws) => world.iam.users.get("given") as Principal;
const role = ({ world }: FakeAws) => world.iam.roles.get(world.iam.arn("role/given")) as Principal;
/** A resource that is only stored. @param more a change by someone, in CloudFormation's names, and how it is read */
const kept = (
  inputs: JsonObject,
  [more, seen]: [JsonObject, JsonObject] = [{ Tags: [{ Key: "Name", Value: "mine" }] }, { tags: { Name: "mine" } }],
): Case => ({
  inputs,
  drift: [
    ({ world }, id) => {
      const thing = world.surroundings.things.get(id);
      if (thing) thing.properties = { ...thing.properties, ...more };
    },
    seen,
  ],
  gone: ({ world }, id) => world.surroundings.things.delete(id),
});

const CASES: Record<string, Case> = {
  "aws:iam/user:User": { inputs: { name: "etl-push" }, gone: ({ world }) => world.iam.users.delete("etl-push") },
  "aws:iam/role:Role": {
    inputs: { name: "etl-execution", assumeRolePolicy: trust("ecs-tasks.amazonaws.com") },
    drift: [
      ({ world }) => Object.assign(world.iam.roles.get(world.iam.arn("role/etl-execution")) ?? {}, { trusts: ["ec2.amazonaws.com"] }),
      { assumeRolePolicy: expect.stringContaining('"ec2.amazonaws.com"') },
    ],
    gone: ({ world }) => world.iam.roles.delete(world.iam.arn("role/etl-execution")),
  },
  "aws:iam/rolePolicy:RolePolicy": {
    inputs: { role: "given", name: "logs", policy: document("logs:PutLogEvents") },
    drift: [(aws) => aws.world.iam.put(role(aws), "logs", JSON.parse(document("*"))), { policy: document("*") }],
    gone: (aws) => role(aws).policies.clear(),
  },
  "aws:iam/policy:Policy": {
    inputs: { name: "submit", policy: document("ecs:RunTask") },
    drift: [({ world }, id) => world.iam.policies.set(id, { policy: JSON.parse(document("*")), since: 0 }), { policy: document("*") }],
    gone: ({ world }, id) => world.iam.policies.delete(id),
  },
  "aws:iam/userPolicyAttachment:UserPolicyAttachment": {
    inputs: { user: "given", policyArn: READ_ONLY },
    gone: (aws) => user(aws).policies.clear(),
  },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    inputs: { role: "given", policyArn: OWN },
    gone: (aws) => role(aws).policies.clear(),
  },
  "aws:iam/accessKey:AccessKey": {
    inputs: { user: "given" },
    drift: [({ world }, id) => Object.assign(world.iam.keys.get(id) ?? {}, { active: false }), { status: "Inactive" }],
    gone: ({ world }) => world.iam.keys.clear(),
  },
  "aws:iam/serviceLinkedRole:ServiceLinkedRole": {
    inputs: { awsServiceName: "ecs.amazonaws.com" },
    gone: ({ world }, id) => world.iam.roles.delete(id),
  },
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
    inputs: { url: "https://gitlab.com", clientIdLists: ["sts.amazonaws.com"] },
    drift: [({ world }, id) => Object.assign(world.iam.oidcProviders.get(id) ?? {}, { clientIds: ["mine"] }), { clientIdLists: ["mine"] }],
    gone: ({ world }, id) => world.iam.oidcProviders.delete(id),
  },
  "aws:ecs/cluster:Cluster": { inputs: { name: "etl" }, gone: ({ world }) => world.clusters.delete("etl") },
  "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": {
    inputs: { clusterName: "given", capacityProviders: ["FARGATE"] },
    drift: [
      ({ world }) => Object.assign(world.clusters.get("given") ?? {}, { capacityProviders: ["mine"] }),
      { capacityProviders: ["mine"] },
    ],
    gone: ({ world }) => world.clusters.delete("given"),
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    inputs: { name: "/pushpool/etl", retentionInDays: 30 },
    drift: [({ world }) => world.log.retention.delete("/pushpool/etl"), { retentionInDays: 0 }],
    gone: ({ world }) => world.log.groups.delete("/pushpool/etl"),
  },
  "aws:ssm/parameter:Parameter": {
    inputs: { name: "/pushpool/etl/key", value: "one", type: "SecureString" },
    drift: [({ world }) => world.parameters.set("/pushpool/etl/key", { value: "two", version: 2 }), { value: "two", version: 2 }],
    gone: ({ world }) => world.parameters.clear(),
  },
  "aws:ecr/repository:Repository": kept({ name: "etl" }, [
    { ImageScanningConfiguration: { ScanOnPush: false } },
    { imageScanningConfiguration: { scanOnPush: false } },
  ]),
  "aws:ec2/vpc:Vpc": kept({ cidrBlock: "10.72.0.0/16" }),
  "aws:ec2/subnet:Subnet": kept({ vpcId: "vpc-mine", cidrBlock: "10.72.0.0/20" }, [
    { MapPublicIpOnLaunch: true },
    { mapPublicIpOnLaunch: true },
  ]),
  "aws:ec2/internetGateway:InternetGateway": kept({}),
  "aws:ec2/natGateway:NatGateway": kept({ subnetId: "subnet-mine" }),
  "aws:ec2/eip:Eip": kept({ domain: "vpc" }),
  "aws:ec2/routeTable:RouteTable": kept({ vpcId: "vpc-mine" }),
  "aws:ec2/route:Route": kept({ routeTableId: "rtb-mine", destinationCidrBlock: "0.0.0.0/0" }, [
    { GatewayId: "igw-mine" },
    { gatewayId: "igw-mine" },
  ]),
  "aws:ec2/routeTableAssociation:RouteTableAssociation": {
    inputs: { routeTableId: "rtb-mine", subnetId: "subnet-mine" },
    gone: ({ world }, id) => world.surroundings.things.delete(id),
  },
  "aws:ec2/securityGroup:SecurityGroup": kept({ description: "Flow runs", ingress: [] }, [
    { SecurityGroupIngress: [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, CidrIp: "0.0.0.0/0" }] },
    { ingress: [{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["0.0.0.0/0"] }] },
  ]),
  "aws:ec2/vpcEndpoint:VpcEndpoint": kept({ vpcId: "vpc-mine", serviceName: "com.amazonaws.eu-west-1.logs" }),
};

let aws: FakeAws;
let resources: Readonly<Record<string, StandInResource>>;
beforeEach(async () => {
  aws = await startFakeAws();
  onTestFinished(() => aws.stop());
  const { iam } = aws.world;
  iam.addUser("given");
  iam.addRole("given");
  iam.policies.set(OWN, { policy: JSON.parse(document("s3:GetObject")), since: 0 });
  aws.world.addCluster("given", []);
  ({ resources } = awsProvider(aws));
});

const held = () => ({
  ...provisioned(aws),
  policiesOf: [user(aws), role(aws)].map(({ policies }) => [...policies.keys()]),
  clusters: [...aws.world.clusters.values()],
  oidcProviders: [...aws.world.iam.oidcProviders.keys()],
  retention: [...aws.world.log.retention],
});
const asked = { urn: "", name: "x" };

test("every type is here", () => expect(Object.keys(CASES).sort()).toEqual(Object.keys(resources).sort()));

test.each(Object.entries(CASES))("%s", async (token, { inputs, drift, gone }) => {
  const type = resources[token] as StandInResource;
  const empty = structuredClone(held());
  const make = async (): Promise<Found & { outputs: JsonObject }> => {
    const { id, outputs } = await type.create({ ...type.defaults, ...inputs }, asked);
    return { id, outputs: { ...inputs, ...outputs } };
  };
  const read = (known: Found & { outputs: JsonObject }) => type.read?.(known.id, known.outputs, asked);

  const made = await make();
  expect(held()).not.toEqual(empty);
  const found = await read(made);
  expect(found?.id).toBe(made.id);
  // A default of the provider is in the outputs too.
  expect({ ...type.defaults, ...made.outputs }).toMatchObject(found?.outputs ?? {});
  if (drift) {
    drift[0](aws, made.id);
    expect((await read(made))?.outputs).toMatchObject(drift[1]);
    await type.update?.(made.id, { ...type.defaults, ...inputs }, made.outputs, asked);
    expect({ ...type.defaults, ...made.outputs, version: undefined }).toMatchObject({ ...(await read(made))?.outputs, version: undefined });
  }
  await type.delete?.(made.id, made.outputs, asked);
  expect(held()).toEqual(empty);
  if (token !== "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders") expect(await read(made)).toBeUndefined();
  // Already deleted: nothing to do.
  await type.delete?.(made.id, made.outputs, asked);

  const again = await make();
  gone(aws, again.id);
  expect(await read(again)).toBeUndefined();
});

test("resources in use stay, with IAM's and EC2's messages; a missing resource cannot be referenced", async () => {
  const create = async (token: string, inputs: JsonObject) => (await resources[token]?.create(inputs, asked)) as Found;
  const remove = async (token: string, id: string) => resources[token]?.delete?.(id, {}, asked);
  const vpc = await create("aws:ec2/vpc:Vpc", { cidrBlock: "10.0.0.0/16" });
  const subnet = await create("aws:ec2/subnet:Subnet", { vpcId: vpc.id, cidrBlock: "10.0.0.0/20" });
  await expect(remove("aws:ec2/vpc:Vpc", vpc.id)).rejects.toThrow(/has a dependent object/);
  await remove("aws:ec2/subnet:Subnet", subnet.id);
  await remove("aws:ec2/vpc:Vpc", vpc.id);
  await expect(create("aws:ec2/subnet:Subnet", { vpcId: vpc.id })).rejects.toThrow(`The vpc ID '${vpc.id}' does not exist`);
  await create("aws:iam/userPolicyAttachment:UserPolicyAttachment", { user: "given", policyArn: OWN });
  await expect(remove("aws:iam/user:User", "given")).rejects.toThrow(/must detach all policies first/);
  await expect(remove("aws:iam/policy:Policy", OWN)).rejects.toThrow(/Cannot delete a policy attached to entities/);
  await expect(
    create("aws:iam/userPolicyAttachment:UserPolicyAttachment", { user: "given", policyArn: `${READ_ONLY}Not` }),
  ).rejects.toThrow(/does not exist or is not attachable/);
});
