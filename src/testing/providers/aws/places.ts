import { unlessMissing } from "../cloudApi";
import type { StandInResource } from "../standInProvider";
import type { AwsApi } from "./awsApi";
import { registered } from "./registered";

/** Where runs run and write to, and what is around that: ECS, CloudWatch Logs, Parameter Store, ECR, EC2's networks. */
export function placeResources(api: AwsApi): Record<string, StandInResource> {
  const tagged = (kind: string) => (id: string) => ({ arn: api.arn("ec2", `${kind}/${id}`) });
  /** A resource type of EC2. */
  const ec2 = (name: string, kind: string, id: string, more: Partial<Parameters<typeof registered>[1]> = {}) =>
    registered(api, { type: `AWS::EC2::${name}`, readOnly: [id], computed: ["arn"], outputs: tagged(kind), ...more });
  const gateway = ec2("InternetGateway", "internet-gateway", "InternetGatewayId");
  return {
    "aws:ecs/cluster:Cluster": registered(api, {
      type: "AWS::ECS::Cluster",
      replaceOn: ["name"],
      computed: ["arn"],
      autoName: { input: "name", longest: 255 },
      names: { name: "ClusterName" },
      readOnly: ["Arn"],
      idOf: (_, { Arn }) => String(Arn),
      identifierOf: (id) => id.slice(id.lastIndexOf("/") + 1),
      outputs: (arn) => ({ arn }),
    }),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": registered(api, {
      type: "AWS::ECS::ClusterCapacityProviderAssociations",
      replaceOn: ["clusterName"],
      names: { clusterName: "Cluster" },
      always: { DefaultCapacityProviderStrategy: [] },
      readOnly: [],
    }),
    "aws:cloudwatch/logGroup:LogGroup": registered(api, {
      type: "AWS::Logs::LogGroup",
      replaceOn: ["name"],
      computed: ["arn"],
      names: { name: "LogGroupName" },
      absent: { retentionInDays: 0 },
      readOnly: ["Arn"],
      outputs: (_, { Arn }) => ({ arn: String(Arn).replace(/:\*$/, "") }),
    }),
    // CloudFormation cannot create a SecureString, so this one uses Parameter Store's own API.
    "aws:ssm/parameter:Parameter": {
      replaceOn: ["name"],
      computed: ["arn", "version"],
      create: async ({ name = "", value = "", type = "SecureString" }) => {
        const { Version = 1 } = await api.ssm("PutParameter", { Name: name, Value: value, Type: type });
        return { id: String(name), outputs: { arn: api.arn("ssm", `parameter${name}`), version: Version } };
      },
      read: async (id) => {
        const found = await unlessMissing(api.ssm("GetParameter", { Name: id, WithDecryption: true }), /^ParameterNotFound$/);
        const { Value = "", Version = 1 } = (found?.Parameter ?? {}) as { Value?: string; Version?: number };
        return found && { id, outputs: { value: Value, version: Version } };
      },
      update: async (id, { value = "", type = "SecureString" }) => {
        const { Version = 1 } = await api.ssm("PutParameter", { Name: id, Value: value, Type: type, Overwrite: true });
        return { version: Version };
      },
      delete: async (id) => {
        await api.ssm("DeleteParameters", { Names: [id] });
      },
    },
    "aws:ecr/repository:Repository": registered(api, {
      type: "AWS::ECR::Repository",
      replaceOn: ["name"],
      computed: ["arn", "registryId", "repositoryUrl"],
      names: { name: "RepositoryName", forceDelete: "EmptyOnDelete" },
      readOnly: ["Arn", "RepositoryUri"],
      outputs: (_, { Arn = "", RepositoryUri = "" }) => ({ arn: Arn, repositoryUrl: RepositoryUri }),
    }),
    "aws:ec2/vpc:Vpc": ec2("VPC", "vpc", "VpcId", { replaceOn: ["cidrBlock"] }),
    "aws:ec2/subnet:Subnet": ec2("Subnet", "subnet", "SubnetId", { replaceOn: ["vpcId", "cidrBlock", "availabilityZone"] }),
    // Its VPC is an attachment, which is created and deleted separately.
    "aws:ec2/internetGateway:InternetGateway": {
      ...gateway,
      create: async ({ vpcId, ...inputs }, asked) => {
        const made = await gateway.create(inputs, asked);
        if (vpcId !== undefined) await api.create("AWS::EC2::VPCGatewayAttachment", { InternetGatewayId: made.id, VpcId: vpcId });
        return made;
      },
      update: async (id, { vpcId: _, ...inputs }, before, asked) => (await gateway.update?.(id, inputs, before, asked)) ?? {},
      delete: async (id, known, asked) => {
        if (known.vpcId !== undefined) await api.remove("AWS::EC2::VPCGatewayAttachment", `IGW|${known.vpcId}`);
        await gateway.delete?.(id, known, asked);
      },
    },
    "aws:ec2/natGateway:NatGateway": ec2("NatGateway", "natgateway", "NatGatewayId", { replaceOn: ["subnetId", "allocationId"] }),
    "aws:ec2/eip:Eip": ec2("EIP", "elastic-ip", "AllocationId", {
      readOnly: ["AllocationId", "PublicIp"],
      replaceOn: ["domain"],
      computed: ["arn", "publicIp"],
      idOf: (identifier) => identifier.slice(identifier.indexOf("|") + 1),
      identifierOf: (id, { publicIp = "" }) => `${publicIp}|${id}`,
      outputs: (id, { PublicIp = "" }) => ({ ...tagged("elastic-ip")(id), publicIp: PublicIp }),
    }),
    "aws:ec2/routeTable:RouteTable": ec2("RouteTable", "route-table", "RouteTableId", { replaceOn: ["vpcId"] }),
    "aws:ec2/route:Route": ec2("Route", "", "CidrBlock", {
      replaceOn: ["routeTableId", "destinationCidrBlock"],
      computed: [],
      outputs: () => ({}),
    }),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ec2("SubnetRouteTableAssociation", "", "Id", {
      // Pulumi's provider changes the table in place, which Cloud Control cannot.
      replaceOn: ["subnetId", "routeTableId"],
      computed: [],
      outputs: () => ({}),
    }),
    "aws:ec2/securityGroup:SecurityGroup": ec2("SecurityGroup", "security-group", "Id", {
      replaceOn: ["vpcId", "description", "name"],
      names: {
        description: "GroupDescription",
        name: "GroupName",
        ingress: "SecurityGroupIngress",
        egress: "SecurityGroupEgress",
      },
    }),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ec2("VPCEndpoint", "vpc-endpoint", "Id", { replaceOn: ["vpcId", "serviceName", "vpcEndpointType"] }),
  };
}
