import { randomInt } from "node:crypto";
import type { JsonObject } from "../../../json";
import { AwsError } from "./awsError";
import { checkLogName } from "./awsLogStore";
import type { Cluster, World } from "./awsWorld";
import { hostOf } from "./ecrRegistry";

/** A resource type of CloudFormation's registry. Models use CloudFormation's property names. */
export interface ResourceType {
  /** @returns its primary identifier @throws {AwsError} with its service's message */
  create(world: World, desired: JsonObject): string;
  read(world: World, identifier: string): JsonObject | undefined;
  /** @default it cannot change */
  update?(world: World, identifier: string, model: JsonObject): void;
  remove(world: World, identifier: string): void;
}

/** The resources that a pool can have around it (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference). */
export const RESOURCE_TYPES: Record<string, ResourceType> = {
  "AWS::ECS::Cluster": {
    create: (world, { ClusterName }) => {
      world.addCluster(String(ClusterName), []);
      return String(ClusterName);
    },
    read: ({ clusters }, name) => {
      const cluster = clusters.get(name);
      return cluster?.status === "ACTIVE" ? { ClusterName: name, Arn: cluster.arn } : undefined;
    },
    remove: ({ clusters }, name) => void clusters.delete(name),
  },
  "AWS::ECS::ClusterCapacityProviderAssociations": {
    create: (world, { Cluster, CapacityProviders }) => {
      clusterNamed(world, String(Cluster)).capacityProviders = CapacityProviders as string[];
      return String(Cluster);
    },
    read: ({ clusters }, name) => {
      const cluster = clusters.get(name);
      return cluster && { Cluster: name, CapacityProviders: cluster.capacityProviders, DefaultCapacityProviderStrategy: [] };
    },
    update: (world, name, { CapacityProviders }) => {
      clusterNamed(world, name).capacityProviders = CapacityProviders as string[];
    },
    remove: (world, name) => {
      clusterNamed(world, name).capacityProviders = [];
    },
  },
  "AWS::Logs::LogGroup": {
    create: (world, { LogGroupName, RetentionInDays }) => {
      const name = String(LogGroupName);
      checkLogName("logGroupName", name);
      world.log.create({ logGroupName: name });
      if (RetentionInDays !== undefined) world.log.retention.set(name, Number(RetentionInDays));
      return name;
    },
    read: (world, name) => {
      const days = world.log.retention.get(name);
      if (!world.log.groups.has(name)) return undefined;
      return {
        LogGroupName: name,
        Arn: `${world.arn("logs", `log-group:${name}`)}:*`,
        ...(days === undefined ? {} : { RetentionInDays: days }),
      };
    },
    update: ({ log }, name, { RetentionInDays }) => {
      if (RetentionInDays === undefined) log.retention.delete(name);
      else log.retention.set(name, Number(RetentionInDays));
    },
    remove: ({ log }, name) => {
      log.groups.delete(name);
      log.retention.delete(name);
    },
  },
  "AWS::ECR::Repository": {
    ...kept("ecr", "RepositoryName", ({ RepositoryName }) => String(RepositoryName)),
    read: (world, name) => {
      const found = world.surroundings.things.get(name)?.properties;
      if (!found) return undefined;
      // CloudFormation never returns it.
      const { EmptyOnDelete: _, ...shown } = found;
      return { ...shown, Arn: world.arn("ecr", `repository/${name}`), RepositoryUri: uriOf(world, name) };
    },
    // A model never has what is not returned: it stays.
    update: ({ surroundings }, name, { Arn: _, RepositoryUri: __, RepositoryName: ___, ...model }) => {
      const { EmptyOnDelete } = surroundings.things.get(name)?.properties ?? {};
      surroundings.change(name, { ...(EmptyOnDelete === undefined ? {} : { EmptyOnDelete }), ...model });
    },
    remove: (world, name) => {
      const { EmptyOnDelete } = world.surroundings.things.get(name)?.properties ?? {};
      const uri = uriOf(world, name);
      if (EmptyOnDelete !== true && world.registry.has(uri))
        throw new AwsError(
          "RepositoryNotEmptyException",
          `The repository with name '${name}' in registry with id '${world.options.account}' cannot be deleted because it still contains images`,
        );
      world.registry.removeAll(uri);
      world.surroundings.remove(name);
    },
  },
  "AWS::EC2::VPC": kept("vpc", "VpcId"),
  "AWS::EC2::Subnet": kept("subnet", "SubnetId"),
  "AWS::EC2::InternetGateway": {
    ...kept("igw", "InternetGatewayId"),
    // Its VPC is kept with it, and is not its own property.
    update: ({ surroundings }, id, { InternetGatewayId: _, ...model }) => {
      const { VpcId } = surroundings.things.get(id)?.properties ?? {};
      surroundings.change(id, { ...model, ...(VpcId === undefined ? {} : { VpcId }) });
    },
  },
  "AWS::EC2::VPCGatewayAttachment": {
    create: ({ surroundings }, { InternetGatewayId, VpcId }) => {
      const id = String(InternetGatewayId);
      surroundings.change(id, { ...surroundings.things.get(id)?.properties, VpcId: String(VpcId) });
      return `IGW|${VpcId}`;
    },
    read: (world, identifier) => {
      const [id] = attachedBy(world, identifier) ?? [];
      return id === undefined ? undefined : { AttachmentType: "IGW", InternetGatewayId: id, VpcId: vpcIn(identifier) };
    },
    remove: (world, identifier) => {
      const [id = "", { VpcId: _, ...rest } = {}] = attachedBy(world, identifier) ?? [];
      world.surroundings.change(id, rest);
    },
  },
  "AWS::EC2::NatGateway": kept("nat", "NatGatewayId"),
  "AWS::EC2::EIP": addressType(),
  "AWS::EC2::RouteTable": kept("rtb", "RouteTableId"),
  "AWS::EC2::Route": kept("r", "CidrBlock", ({ RouteTableId, DestinationCidrBlock }) => `${RouteTableId}|${DestinationCidrBlock}`),
  "AWS::EC2::SubnetRouteTableAssociation": kept("rtbassoc", "Id"),
  "AWS::EC2::SecurityGroup": kept("sg", "Id"),
  "AWS::EC2::VPCEndpoint": kept("vpce", "Id"),
};

function uriOf(world: World, repository: string): string {
  return `${hostOf(world, world.options.account)}/${repository}`;
}

/**
 * A resource that the fake only stores.
 * @param identifier the property with its identifier
 * @param named returns its identifier, if EC2 does not generate one
 */
function kept(kind: string, identifier: string, named?: (desired: JsonObject) => string): ResourceType {
  return {
    create: ({ surroundings }, desired) => surroundings.make(kind, desired, named?.(desired)),
    read: ({ surroundings }, id) => {
      const thing = surroundings.things.get(id);
      return thing?.kind === kind ? { ...thing.properties, [identifier]: id } : undefined;
    },
    update: ({ surroundings }, id, { [identifier]: _, ...model }) => surroundings.change(id, model),
    remove: ({ surroundings }, id) => surroundings.remove(id),
  };
}

/** An elastic IP is identified by its address and its allocation together. */
function addressType(): ResourceType {
  const type = kept("eipalloc", "AllocationId");
  const idIn = (identifier: string) => identifier.slice(identifier.indexOf("|") + 1);
  return {
    create: (world, desired) => {
      const PublicIp = `203.0.113.${randomInt(1, 255)}`;
      return `${PublicIp}|${type.create(world, { ...desired, PublicIp })}`;
    },
    read: (world, identifier) => type.read(world, idIn(identifier)),
    update: (world, identifier, model) => type.update?.(world, idIn(identifier), model),
    remove: (world, identifier) => type.remove(world, idIn(identifier)),
  };
}

function clusterNamed({ clusters }: World, name: string): Cluster {
  const found = clusters.get(name);
  if (!found) throw new AwsError("ClusterNotFoundException", "The referenced cluster was inactive.");
  return found;
}

function vpcIn(identifier: string): string {
  return identifier.slice(identifier.indexOf("|") + 1);
}

/** The gateway attached to the VPC of an attachment. */
function attachedBy({ surroundings }: World, identifier: string): [id: string, properties: JsonObject] | undefined {
  const found = [...surroundings.things].find(([, { kind, properties }]) => kind === "igw" && properties.VpcId === vpcIn(identifier));
  return found && [found[0], found[1].properties];
}
