import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type FakeAws, startFakeAws } from "../../../../src/testing";
import { type AwsApi, awsApi } from "../../../../src/testing/providers/aws/awsApi";

// IAM and Cloud Control, as provisioning calls them: what AWS refuses is refused with its message (recordings/aws/iam-*.jsonl).

let aws: FakeAws;
let api: AwsApi;
beforeEach(async () => {
  aws = await startFakeAws();
  onTestFinished(() => aws.stop());
  api = awsApi(aws);
  aws.world.iam.addUser("ada");
  aws.world.iam.addRole("flows");
});

const TRUST = JSON.stringify({ Statement: [{ Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" } }] });
const DOCUMENT = JSON.stringify({ Version: "2012-10-17", Statement: [] });
const OWN = "arn:aws:iam::111111111111:policy/mine";

test.each<[what: string, action: string, parameters: Record<string, string>, status: number, message: string | RegExp]>([
  [
    "a trust policy that is not JSON",
    "CreateRole",
    { RoleName: "r", AssumeRolePolicyDocument: "{" },
    400,
    "MalformedPolicyDocument: This policy contains invalid Json",
  ],
  ["a role that exists", "CreateRole", { RoleName: "flows", AssumeRolePolicyDocument: TRUST }, 409, /^EntityAlreadyExists: /],
  [
    "a malformed ARN",
    "AttachRolePolicy",
    { RoleName: "flows", PolicyArn: "mine" },
    400,
    "ValidationError: Invalid ARN:  Could not be parsed!",
  ],
  [
    "an unknown policy",
    "AttachUserPolicy",
    { UserName: "ada", PolicyArn: OWN },
    404,
    `NoSuchEntity: Policy ${OWN} does not exist or is not attachable.`,
  ],
  ["an unknown user", "GetUser", { UserName: "bob" }, 404, "NoSuchEntity: The user with name bob cannot be found."],
  [
    "an unknown key",
    "DeleteAccessKey",
    { UserName: "ada", AccessKeyId: "AKIA" },
    404,
    /^NoSuchEntity: The Access Key with id AKIA cannot be found/,
  ],
  ["an unknown operation", "CreateGroup", { GroupName: "g" }, 400, /^InvalidAction: Could not find operation CreateGroup/],
])("IAM refuses %s", async (_, action, parameters, status, message) => {
  await expect(api.iam(action, parameters)).rejects.toMatchObject({ status, message: expect.stringMatching(message) });
});

test("IAM: two keys for a user, five versions of a policy, and nothing in use can be deleted", async () => {
  for (const _ of [1, 2]) await api.iam("CreateAccessKey", { UserName: "ada" });
  await expect(api.iam("CreateAccessKey", { UserName: "ada" })).rejects.toMatchObject({ code: "LimitExceeded", status: 409 });
  await expect(api.iam("DeleteUser", { UserName: "ada" })).rejects.toMatchObject({ code: "DeleteConflict" });
  await api.iam("CreatePolicy", { PolicyName: "mine", PolicyDocument: DOCUMENT });
  const newVersion = () => api.iam("CreatePolicyVersion", { PolicyArn: OWN, PolicyDocument: DOCUMENT, SetAsDefault: true });
  for (const _ of [2, 3, 4, 5]) await newVersion();
  await expect(newVersion()).rejects.toMatchObject({ code: "LimitExceeded" });
  await expect(api.iam("DeletePolicyVersion", { PolicyArn: OWN, VersionId: "v5" })).rejects.toMatchObject({ code: "DeleteConflict" });
  await expect(api.iam("DeletePolicy", { PolicyArn: OWN })).rejects.toMatchObject({ code: "DeleteConflict" });
});

test("IAM: a service-linked role lies under the path of its service, and an account has it once", async () => {
  const create = () => api.iam("CreateServiceLinkedRole", { AWSServiceName: "ecs.amazonaws.com" });
  const arn = "arn:aws:iam::111111111111:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
  expect((await create())("Arn")).toEqual([arn]);
  const role = await api.iam("GetRole", { RoleName: "AWSServiceRoleForECS" });
  expect([role("Path"), role("Arn")]).toEqual([["/aws-service-role/ecs.amazonaws.com/"], [arn]]);
  await expect(create()).rejects.toMatchObject({ code: "InvalidInput", message: expect.stringMatching(/has been taken in this account/) });
  const deletion = await api.iam("DeleteServiceLinkedRole", { RoleName: "AWSServiceRoleForECS" });
  expect(deletion("DeletionTaskId")).toEqual([
    expect.stringMatching(/^task\/aws-service-role\/ecs\.amazonaws\.com\/AWSServiceRoleForECS\/[0-9a-f-]{36}$/),
  ]);
});

test("without permission nothing can be provisioned", async () => {
  const nobody = awsApi({ url: aws.url, region: aws.region, account: aws.account, ownerKey: aws.accessKey("nobody", []) });
  await expect(nobody.iam("CreateUser", { UserName: "eve" })).rejects.toMatchObject({ code: "AccessDenied", status: 403 });
  await expect(nobody.create("AWS::EC2::VPC", { CidrBlock: "10.0.0.0/16" })).rejects.toMatchObject({ code: "AccessDeniedException" });
  const forged = awsApi({ url: aws.url, region: aws.region, account: aws.account, ownerKey: { ...aws.ownerKey, secretAccessKey: "no" } });
  await expect(forged.iam("CreateUser", { UserName: "eve" })).rejects.toMatchObject({ code: "SignatureDoesNotMatch", status: 403 });
  expect([aws.world.iam.users.has("eve"), aws.world.surroundings.things.size]).toEqual([false, 0]);
});

test("Cloud Control accepts a request, and reports its result on request", async () => {
  await expect(api.create("AWS::EC2::Instance", {})).rejects.toMatchObject({ code: "TypeNotFoundException" });
  await expect(api.create("AWS::EC2::Subnet", { VpcId: "vpc-0123456789abcdef" })).rejects.toMatchObject({ code: "NotFound" });
  const { identifier } = await api.create("AWS::EC2::VPC", { CidrBlock: "10.0.0.0/16" });
  expect(aws.calls.slice(-2).map(({ action }) => action)).toEqual([
    "cloudcontrolapi:CreateResource",
    "cloudcontrolapi:GetResourceRequestStatus",
  ]);
  await api.update("AWS::EC2::VPC", identifier, { CidrBlock: "10.0.0.0/16", EnableDnsSupport: true }, ["VpcId"]);
  expect(await api.get("AWS::EC2::VPC", identifier)).toEqual({ VpcId: identifier, CidrBlock: "10.0.0.0/16", EnableDnsSupport: true });
  await api.remove("AWS::EC2::VPC", identifier);
  expect(await api.get("AWS::EC2::VPC", identifier)).toBeUndefined();
  await api.create("AWS::ECS::Cluster", { ClusterName: "etl" });
  await expect(api.update("AWS::ECS::Cluster", "etl", { ClusterName: "etl", Tags: [] }, ["Arn"])).rejects.toMatchObject({
    code: "GeneralServiceException",
  });
});

const VPC = { CidrBlock: "10.0.0.0/16" };

test("Cloud Control holds a request to the schema of its type", async () => {
  const refusedAs = (code: string, message: string) => ({ code, status: 400, message: `${code}: ${message}` });
  await expect(api.create("AWS::EC2::VPC", { ...VPC, Cidr: "x" })).rejects.toMatchObject(
    refusedAs("ValidationException", "Model validation failed (#: extraneous key [Cidr] is not permitted)"),
  );
  await expect(api.create("AWS::EC2::Subnet", { CidrBlock: "10.0.0.0/20" })).rejects.toMatchObject(
    refusedAs("ValidationException", "Model validation failed (#: required key [VpcId] not found)"),
  );
  const { identifier: id } = await api.create("AWS::EC2::VPC", VPC);
  await expect(api.update("AWS::EC2::VPC", id, { CidrBlock: "10.1.0.0/16" }, ["VpcId"])).rejects.toMatchObject(
    refusedAs("NotUpdatableException", "Invalid patch update: createOnlyProperties [/properties/CidrBlock] cannot be updated"),
  );
  await expect(api.update("AWS::EC2::VPC", id, { ...VPC, VpcId: "vpc-1" }, [])).rejects.toMatchObject(
    refusedAs("ValidationException", "Invalid patch update: readOnlyProperties [/properties/VpcId] cannot be updated"),
  );
  const { identifier: SubnetId } = await api.create("AWS::EC2::Subnet", { VpcId: id, CidrBlock: "10.0.0.0/20" });
  const { identifier: RouteTableId } = await api.create("AWS::EC2::RouteTable", { VpcId: id });
  const { identifier } = await api.create("AWS::EC2::SubnetRouteTableAssociation", { SubnetId, RouteTableId });
  await expect(
    api.update("AWS::EC2::SubnetRouteTableAssociation", identifier, { SubnetId, RouteTableId: "rtb-1" }, ["Id"]),
  ).rejects.toMatchObject(
    refusedAs("UnsupportedActionException", "Resource type AWS::EC2::SubnetRouteTableAssociation does not support UPDATE action"),
  );
  expect(await api.get("AWS::EC2::VPC", id)).toEqual({ ...VPC, VpcId: id });
});

test("Cloud Control calls the services in the name of the caller, who needs their permissions too", async () => {
  const cloudControl = { Effect: "Allow" as const, Action: "cloudformation:*", Resource: "*" };
  const may = (Action: string[]) => ({
    Version: "2012-10-17",
    Statement: [cloudControl, { Effect: "Allow" as const, Action, Resource: "*" }],
  });
  const apiOf = (name: string, actions: string[]) =>
    awsApi({ url: aws.url, region: aws.region, account: aws.account, ownerKey: aws.accessKey(name, [may(actions)]) });
  const reader = apiOf("reader", ["ec2:DescribeVpcs"]);
  await expect(reader.create("AWS::EC2::VPC", VPC)).rejects.toMatchObject({
    code: "AccessDenied",
    message: expect.stringMatching(/user\/reader is not authorized to perform: ec2:CreateVpc on resource: arn:aws:ec2:.*:vpc\/\*/),
  });
  const maker = apiOf("maker", ["ec2:CreateVpc"]);
  const { identifier } = await maker.create("AWS::EC2::VPC", VPC);
  expect(await reader.get("AWS::EC2::VPC", identifier)).toEqual({ ...VPC, VpcId: identifier });
  await expect(maker.get("AWS::EC2::VPC", identifier)).rejects.toMatchObject({ code: "AccessDeniedException" });
  await expect(reader.remove("AWS::EC2::VPC", identifier)).rejects.toMatchObject({ code: "AccessDenied" });
});

test("an attached internet gateway keeps its VPC, and must be detached first", async () => {
  const { identifier: VpcId } = await api.create("AWS::EC2::VPC", { CidrBlock: "10.0.0.0/16" });
  const { identifier: InternetGatewayId } = await api.create("AWS::EC2::InternetGateway", {});
  const { identifier } = await api.create("AWS::EC2::VPCGatewayAttachment", { InternetGatewayId, VpcId });
  await expect(api.remove("AWS::EC2::VPC", VpcId)).rejects.toThrow(/has a dependent object/);
  expect(await api.get("AWS::EC2::VPCGatewayAttachment", identifier)).toEqual({ AttachmentType: "IGW", InternetGatewayId, VpcId });
  await api.remove("AWS::EC2::VPCGatewayAttachment", identifier);
  await api.remove("AWS::EC2::VPC", VpcId);
});
