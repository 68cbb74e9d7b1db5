/**
 * What CloudFormation's registry says of a resource type, as `describe-type` prints it
 * (https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html). Only properties at the top are checked.
 */
export interface ResourceSchema {
  /** Those that a request may have. */
  properties: readonly string[];
  required: readonly string[];
  /** A change of these needs another resource. */
  createOnly: readonly string[];
  /** AWS sets these. */
  readOnly: readonly string[];
  /**
   * The action that each handler always calls, in the name of the caller; what only some properties need is left out. Without `update`, the
   * type has no such handler.
   */
  permissions: { create: string; read: string; update?: string; delete: string };
  /** The resource of those actions, before its id: `ec2:vpc/`. */
  resource: string;
}

export const RESOURCE_SCHEMAS: Readonly<Record<string, ResourceSchema>> = {
  "AWS::ECS::Cluster": {
    properties: [
      "ClusterName",
      "ClusterSettings",
      "Configuration",
      "CapacityProviders",
      "DefaultCapacityProviderStrategy",
      "ServiceConnectDefaults",
      "Tags",
    ],
    required: [],
    createOnly: ["ClusterName"],
    readOnly: ["Arn"],
    permissions: { create: "CreateCluster", read: "DescribeClusters", update: "UpdateCluster", delete: "DeleteCluster" },
    resource: "ecs:cluster/",
  },
  "AWS::ECS::ClusterCapacityProviderAssociations": {
    properties: ["Cluster", "CapacityProviders", "DefaultCapacityProviderStrategy"],
    required: ["CapacityProviders", "Cluster", "DefaultCapacityProviderStrategy"],
    createOnly: ["Cluster"],
    readOnly: [],
    permissions: {
      create: "PutClusterCapacityProviders",
      read: "DescribeClusters",
      update: "PutClusterCapacityProviders",
      delete: "PutClusterCapacityProviders",
    },
    resource: "ecs:cluster/",
  },
  "AWS::Logs::LogGroup": {
    properties: ["LogGroupName", "KmsKeyId", "DataProtectionPolicy", "LogGroupClass", "RetentionInDays", "Tags"],
    required: [],
    createOnly: ["LogGroupName"],
    readOnly: ["Arn"],
    permissions: { create: "CreateLogGroup", read: "DescribeLogGroups", update: "DescribeLogGroups", delete: "DeleteLogGroup" },
    resource: "logs:log-group:",
  },
  "AWS::ECR::Repository": {
    properties: [
      "RepositoryName",
      "EmptyOnDelete",
      "LifecyclePolicy",
      "RepositoryPolicyText",
      "Tags",
      "ImageTagMutability",
      "ImageScanningConfiguration",
      "EncryptionConfiguration",
    ],
    required: [],
    createOnly: ["RepositoryName", "EncryptionConfiguration"],
    readOnly: ["Arn", "RepositoryUri"],
    permissions: { create: "CreateRepository", read: "DescribeRepositories", update: "DescribeRepositories", delete: "DeleteRepository" },
    resource: "ecr:repository/",
  },
  "AWS::EC2::VPC": {
    properties: [
      "CidrBlock",
      "InstanceTenancy",
      "Ipv4NetmaskLength",
      "Ipv4IpamPoolId",
      "VpcEncryptionControl",
      "EnableDnsSupport",
      "EnableDnsHostnames",
      "Tags",
    ],
    required: [],
    createOnly: ["CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "VpcEncryptionControl"],
    readOnly: ["CidrBlockAssociations", "DefaultNetworkAcl", "DefaultSecurityGroup", "Ipv6CidrBlocks", "VpcId"],
    permissions: { create: "CreateVpc", read: "DescribeVpcs", update: "ModifyVpcAttribute", delete: "DeleteVpc" },
    resource: "ec2:vpc/",
  },
  "AWS::EC2::Subnet": {
    properties: [
      "AssignIpv6AddressOnCreation",
      "VpcId",
      "MapPublicIpOnLaunch",
      "AvailabilityZone",
      "AvailabilityZoneId",
      "CidrBlock",
      "Ipv6CidrBlocks",
      "Ipv6CidrBlock",
      "OutpostArn",
      "Ipv6Native",
      "EnableDns64",
      "PrivateDnsNameOptionsOnLaunch",
      "Tags",
      "Ipv4IpamPoolId",
      "Ipv4NetmaskLength",
      "Ipv6IpamPoolId",
      "Ipv6NetmaskLength",
    ],
    required: ["VpcId"],
    createOnly: [
      "VpcId",
      "AvailabilityZone",
      "AvailabilityZoneId",
      "CidrBlock",
      "OutpostArn",
      "Ipv6Native",
      "Ipv4IpamPoolId",
      "Ipv4NetmaskLength",
      "Ipv6IpamPoolId",
      "Ipv6NetmaskLength",
    ],
    readOnly: ["NetworkAclAssociationId", "SubnetId"],
    permissions: { create: "CreateSubnet", read: "DescribeSubnets", update: "ModifySubnetAttribute", delete: "DeleteSubnet" },
    resource: "ec2:subnet/",
  },
  "AWS::EC2::InternetGateway": {
    properties: ["Tags"],
    required: [],
    createOnly: [],
    readOnly: ["InternetGatewayId"],
    permissions: {
      create: "CreateInternetGateway",
      read: "DescribeInternetGateways",
      update: "CreateTags",
      delete: "DeleteInternetGateway",
    },
    resource: "ec2:internet-gateway/",
  },
  "AWS::EC2::VPCGatewayAttachment": {
    properties: ["InternetGatewayId", "VpcId", "VpnGatewayId"],
    required: ["VpcId"],
    createOnly: ["VpcId"],
    readOnly: ["AttachmentType"],
    permissions: {
      create: "AttachInternetGateway",
      read: "DescribeInternetGateways",
      update: "AttachInternetGateway",
      delete: "DetachInternetGateway",
    },
    resource: "ec2:internet-gateway/",
  },
  "AWS::EC2::NatGateway": {
    properties: [
      "SecondaryAllocationIds",
      "PrivateIpAddress",
      "ConnectivityType",
      "SecondaryPrivateIpAddresses",
      "SecondaryPrivateIpAddressCount",
      "AllocationId",
      "SubnetId",
      "Tags",
      "MaxDrainDurationSeconds",
    ],
    required: ["SubnetId"],
    createOnly: ["SubnetId", "ConnectivityType", "AllocationId", "PrivateIpAddress"],
    readOnly: ["NatGatewayId"],
    permissions: { create: "CreateNatGateway", read: "DescribeNatGateways", update: "DescribeNatGateways", delete: "DeleteNatGateway" },
    resource: "ec2:natgateway/",
  },
  "AWS::EC2::EIP": {
    properties: ["Domain", "NetworkBorderGroup", "TransferAddress", "InstanceId", "PublicIpv4Pool", "IpamPoolId", "Address", "Tags"],
    required: [],
    createOnly: ["NetworkBorderGroup", "TransferAddress", "IpamPoolId", "Address"],
    readOnly: ["PublicIp", "AllocationId"],
    permissions: { create: "AllocateAddress", read: "DescribeAddresses", update: "DescribeAddresses", delete: "ReleaseAddress" },
    resource: "ec2:elastic-ip/",
  },
  "AWS::EC2::RouteTable": {
    properties: ["Tags", "VpcId"],
    required: ["VpcId"],
    createOnly: ["VpcId"],
    readOnly: ["RouteTableId"],
    permissions: { create: "CreateRouteTable", read: "DescribeRouteTables", update: "DescribeRouteTables", delete: "DeleteRouteTable" },
    resource: "ec2:route-table/",
  },
  "AWS::EC2::Route": {
    properties: [
      "DestinationIpv6CidrBlock",
      "RouteTableId",
      "InstanceId",
      "LocalGatewayId",
      "CarrierGatewayId",
      "DestinationCidrBlock",
      "GatewayId",
      "NetworkInterfaceId",
      "VpcEndpointId",
      "TransitGatewayId",
      "VpcPeeringConnectionId",
      "EgressOnlyInternetGatewayId",
      "NatGatewayId",
    ],
    required: ["RouteTableId"],
    createOnly: ["RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock"],
    readOnly: ["CidrBlock"],
    permissions: { create: "CreateRoute", read: "DescribeRouteTables", update: "ReplaceRoute", delete: "DeleteRoute" },
    resource: "ec2:route-table/",
  },
  "AWS::EC2::SubnetRouteTableAssociation": {
    properties: ["RouteTableId", "SubnetId"],
    required: ["RouteTableId", "SubnetId"],
    createOnly: ["SubnetId", "RouteTableId"],
    readOnly: ["Id"],
    permissions: { create: "AssociateRouteTable", read: "DescribeRouteTables", delete: "DisassociateRouteTable" },
    resource: "ec2:route-table/",
  },
  "AWS::EC2::SecurityGroup": {
    properties: ["GroupDescription", "GroupName", "VpcId", "SecurityGroupIngress", "SecurityGroupEgress", "Tags"],
    required: ["GroupDescription"],
    createOnly: ["GroupDescription", "GroupName", "VpcId"],
    readOnly: ["Id", "GroupId"],
    permissions: {
      create: "CreateSecurityGroup",
      read: "DescribeSecurityGroups",
      update: "DescribeSecurityGroups",
      delete: "DeleteSecurityGroup",
    },
    resource: "ec2:security-group/",
  },
  "AWS::EC2::VPCEndpoint": {
    properties: [
      "PolicyDocument",
      "PrivateDnsEnabled",
      "RouteTableIds",
      "SecurityGroupIds",
      "ServiceName",
      "SubnetIds",
      "VpcEndpointType",
      "VpcId",
      "IpAddressType",
      "DnsOptions",
      "Tags",
    ],
    required: ["VpcId", "ServiceName"],
    createOnly: ["ServiceName", "VpcEndpointType", "VpcId"],
    readOnly: ["NetworkInterfaceIds", "CreationTimestamp", "DnsEntries", "Id"],
    permissions: { create: "CreateVpcEndpoint", read: "DescribeVpcEndpoints", update: "ModifyVpcEndpoint", delete: "DeleteVpcEndpoints" },
    resource: "ec2:vpc-endpoint/",
  },
};
