import type * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test } from "vitest";
import {
  AwsCredentialsBlock,
  EcrRepository,
  EcsPushPool,
  ExecutionRole,
  PushUser,
  TaskCluster,
  TaskLogGroup,
  TaskNetwork,
  TaskSecrets,
  TaskSubmitAccess,
} from "../../../components/aws";
import { mockPulumi } from "../mocks";

beforeAll(mockPulumi);

const region = "eu-west-1";
const ROLE = "arn:aws:iam::111111111111:role/flows";
const CLUSTER = "arn:aws:ecs:eu-west-1:111111111111:cluster/flows";

// biome-ignore lint/suspicious/noExplicitAny: wrong arguments, which plain JavaScript allows
const pools: [string, any, RegExp][] = [
  ["a zone", { region: "eu-west-1b" }, /^region "eu-west-1b" is not a region of AWS: it is a zone of eu-west-1$/],
  ["an invalid region", { region: "europe" }, /^region "europe" is not a region/],
  ["subnets without a VPC", { region, subnetIds: ["subnet-1"] }, /^subnetIds needs vpcId/],
  ["a VPC without subnets", { region, vpcId: "vpc-1" }, /^vpcId needs subnetIds/],
  ["no subnet", { region, vpcId: "vpc-1", subnetIds: [] }, /^subnetIds is empty/],
  ["groups without a VPC", { region, securityGroupIds: ["sg-1"] }, /^securityGroupIds needs vpcId and subnetIds/],
  ["an address in a created network", { region, assignPublicIp: true }, /^assignPublicIp needs vpcId/],
  ["a VPC for a subnet", { region, vpcId: "vpc-1", subnetIds: ["vpc-1"] }, /^subnetIds "vpc-1" must be an id such as subnet-/],
  ["two networks", { region, network: "public", vpcId: "vpc-1", subnetIds: ["subnet-1"] }, /^network and vpcId cannot both be given/],
  ["subnets in variables alone", { region, jobVariables: { network_configuration: { subnets: [] } } }, /network_configuration needs vpcId/],
  [
    "a private network without a way to the image",
    { region, network: "privateEndpoints", jobVariables: { image: "python:3.12" } },
    /^network privateEndpoints cannot reach jobVariables\.image "python:3\.12"/,
  ],
  [
    "a private network with an image of another region",
    { region, network: "privateEndpoints", jobVariables: { image: "111111111111.dkr.ecr.us-east-1.amazonaws.com/etl:1" } },
    /^network privateEndpoints cannot reach jobVariables\.image "111.*:1" in us-east-1 from eu-west-1: push it/,
  ],
  ["an unknown network", { region, network: "vpn" }, /^network must be public or privateNat or privateEndpoints, not "vpn"$/],
  ["unknown credentials", { region, credentials: "keys" }, /^credentials must be key or federated or ambient, not "keys"$/],
  ["unknown permissions", { region, permissions: "all" }, /^permissions must be documented or leastPrivilege, not "all"$/],
  ["block and credentials", { region, credentialsBlock: "aws-credentials/x", credentials: "key" }, /^credentialsBlock and credentials/],
  ["a block of another type", { region, credentialsBlock: "gcp-credentials/x" }, /must name a block of type aws-credentials/],
  ["ambient and a user", { region, credentials: "ambient", user: "ada" }, /^credentials ambient and user cannot both/],
  ["an invalid role", { region, executionRoleArn: "flows" }, /^executionRoleArn "flows" must be the ARN of a role/],
  [
    "an invalid execution role in variables",
    { region, jobVariables: { execution_role_arn: "x" } },
    /^jobVariables\.execution_role_arn "x" must be/,
  ],
  [
    "an invalid task role in variables",
    { region, jobVariables: { task_role_arn: "x" } },
    /^jobVariables\.task_role_arn "x" must be the ARN/,
  ],
  ["a cluster by name", { region, clusterArn: "flows" }, /^clusterArn "flows" must be the ARN of a cluster/],
  ["two clusters", { region, clusterArn: CLUSTER, jobVariables: { cluster: "x" } }, /^clusterArn and jobVariables\.cluster cannot both/],
  ["two task roles", { region, taskRoleArn: ROLE, taskPolicyArns: [ROLE] }, /^taskRoleArn and taskPolicyArns cannot both/],
  [
    "an invalid retention of logs",
    { region, logRetentionDays: 10 },
    /^logRetentionDays must be 0 \(no limit\), or one of 1, 3, 5, .*, 3653, not 10$/,
  ],
  ["a log group's name that AWS refuses", { region, logGroupName: "a b" }, /^logGroupName "a b" is invalid: AWS accepts/],
  ["a user's name that AWS refuses", { region, user: "a/b" }, /^user "a\/b" is invalid: AWS accepts up to 64/],
  [
    "a user by its ARN",
    { region, user: "arn:aws:iam::111111111111:user/ada" },
    /^user "arn:aws:iam::111111111111:user\/ada" is invalid: AWS accepts/,
  ],
  ["block and user", { region, credentialsBlock: "aws-credentials/x", user: "ada" }, /^credentialsBlock and user cannot both be given/],
  [
    "two API keys",
    { region, secretEnv: { PREFECT_API_KEY: "y" } },
    /^secretEnv\.PREFECT_API_KEY is not allowed: use the argument prefectApiKey/,
  ],
  ["an unknown variable", { region, jobVariables: { memroy: 1 } }, /memroy.*"memory"/],
  ["a variable of another type", { region, jobVariables: { cpu: "much" } }, /jobVariables\.cpu/],
  ["a negative limit", { region, concurrencyLimit: -1 }, /^concurrencyLimit must be a whole number/],
  ["a name that Prefect refuses", { region, workPoolName: "a/b" }, /^workPoolName must not contain/],
];

test.each(pools)("a pool with %s", (_, args, message) => {
  expect(() => new EcsPushPool("etl", args)).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }));
});

test.each([
  [
    "big pool",
    /^name "big pool" becomes part of names in AWS: use at most 40 .* not with sg-\. The work pool can have another name: workPoolName$/,
  ],
  ["1st", /^name "1st"/],
  ["sg-etl", /^name "sg-etl" .* Begin with a letter, but not with sg-/],
  ["x".repeat(41), /^name "x{41}"/],
])("a pool with the name %s", (name, message) => {
  expect(() => new EcsPushPool(name, { region })).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }));
  expect(() => new EcsPushPool("x".repeat(40), { region, workPoolName: name })).not.toThrow();
});

const submit = { region, workPoolName: "etl", clusterArn: CLUSTER, executionRoleArn: ROLE };
const parts: [string, () => pulumi.Resource, RegExp][] = [
  ["PushUser", () => new PushUser("p", { ...submit, user: "a b" }), /^user "a b"/],
  ["TaskSubmitAccess", () => new TaskSubmitAccess("s", { ...submit, members: ["ada"] }), /^members\[0\] "ada" must begin with its kind/],
  ["ExecutionRole by its name", () => new ExecutionRole("e x", { region, workPoolName: "etl" }), /^name "e x".*at most 50/],
  ["TaskCluster", () => new TaskCluster("c", { region, clusterName: "a b" }), /^clusterName "a b" is invalid: AWS accepts/],
  ["TaskLogGroup", () => new TaskLogGroup("l", { region, retentionDays: 2 }), /^retentionDays must be .* not 2$/],
  ["EcrRepository", () => new EcrRepository("i", { region, repositoryName: "A" }), /^repositoryName "A"/],
  ["TaskNetwork", () => new TaskNetwork("n", { region, cidrBlock: "10.0.0.0/24" }), /^cidrBlock "10\.0\.0\.0\/24" must be a \/16/],
  ["TaskNetwork by its name", () => new TaskNetwork("a%b", { region }), /^name "a%b"/],
  ["TaskNetwork in one zone", () => new TaskNetwork("n", { region, zones: ["eu-west-1a"] }), /^zones must name at least two/],
  ["TaskSecrets", () => new TaskSecrets("s", { region, workPoolName: "etl", values: { "A-B": "x" } }), /^values "A-B"/],
  ["AwsCredentialsBlock", () => new AwsCredentialsBlock("b", { region, accessKeyId: "x" }), /^accessKeyId and secretAccessKey belong/],
  ["ExecutionRole", () => new ExecutionRole("e", { region: "x", workPoolName: "etl" }), /^region "x"/],
];

test.each(parts)("an invalid %s", (_, make, message) => {
  expect(make).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }));
});
