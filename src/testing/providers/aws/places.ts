import type { JsonObject } from "../../../json";
import type { FakeAws } from "../../clouds/aws";
import { checkLogName } from "../../clouds/aws/logStore";
import type { StandInResource } from "../standInProvider";

/** Where runs run and write to, and what is around them: ECS, CloudWatch Logs, Parameter Store, ECR, EC2's networks. */
export function placeResources({ world }: FakeAws): Record<string, StandInResource> {
  const { surroundings, log, parameters, clusters } = world;
  const { account, region } = world.options;
  return {
    "aws:ecs/cluster:Cluster": {
      replaceOn: ["name"],
      computed: ["arn"],
      autoName: { input: "name", longest: 255 },
      create: ({ name }) => {
        const arn = world.addCluster(String(name), []);
        return { id: arn, outputs: { arn } };
      },
      read: (id, { name }) => (clusters.get(String(name))?.status === "ACTIVE" ? { id } : undefined),
      delete: (_, { name }) => {
        clusters.delete(String(name));
      },
    },
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": {
      replaceOn: ["clusterName"],
      create: ({ clusterName, capacityProviders }) => {
        associate(clusterName, capacityProviders);
        return { id: String(clusterName) };
      },
      read: (id) => {
        const cluster = clusters.get(id);
        return cluster && { id, outputs: { capacityProviders: cluster.capacityProviders } };
      },
      update: (_, { clusterName, capacityProviders }) => {
        associate(clusterName, capacityProviders);
        return {};
      },
      delete: (_, { clusterName }) => {
        if (clusters.has(String(clusterName))) associate(clusterName, []);
      },
    },
    "aws:cloudwatch/logGroup:LogGroup": {
      replaceOn: ["name"],
      computed: ["arn"],
      create: ({ name, retentionInDays }) => {
        checkLogName("logGroupName", String(name));
        if (log.groups.has(String(name))) throw new Error("ResourceAlreadyExistsException: The specified log group already exists");
        log.createGroup(String(name));
        retain(String(name), retentionInDays);
        return { id: String(name), outputs: { arn: world.arn("logs", `log-group:${name}`) } };
      },
      read: (id) => (log.groups.has(id) ? { id, outputs: { retentionInDays: log.retention.get(id) ?? 0 } } : undefined),
      update: (id, { retentionInDays }) => {
        retain(id, retentionInDays);
        return {};
      },
      delete: (id) => {
        log.groups.delete(id);
        log.retention.delete(id);
      },
    },
    "aws:ssm/parameter:Parameter": {
      replaceOn: ["name"],
      computed: ["arn", "version"],
      create: ({ name, value }) => {
        if (parameters.has(String(name))) throw new Error("ParameterAlreadyExists: The parameter already exists.");
        parameters.set(String(name), { value: String(value), version: 1 });
        return { id: String(name), outputs: { arn: world.arn("ssm", `parameter${name}`), version: 1 } };
      },
      read: (id) => {
        const found = parameters.get(id);
        return found && { id, outputs: { value: found.value, version: found.version } };
      },
      update: (id, { value }) => {
        const version = (parameters.get(id)?.version ?? 0) + 1;
        parameters.set(id, { value: String(value), version });
        return { version };
      },
      delete: (id) => {
        parameters.delete(id);
      },
    },
    "aws:ecr/repository:Repository": kept("ecr", ["name"], ["arn", "registryId", "repositoryUrl"], (_, { name }) => ({
      arn: world.arn("ecr", `repository/${name}`),
      repositoryUrl: `${account}.dkr.ecr.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}/${name}`,
    })),
    "aws:ec2/vpc:Vpc": kept("vpc", ["cidrBlock"]),
    "aws:ec2/subnet:Subnet": kept("subnet", ["vpcId", "cidrBlock", "availabilityZone"]),
    "aws:ec2/internetGateway:InternetGateway": kept("igw"),
    "aws:ec2/natGateway:NatGateway": kept("nat", ["subnetId", "allocationId"]),
    "aws:ec2/eip:Eip": kept("eipalloc", ["domain"]),
    "aws:ec2/routeTable:RouteTable": kept("rtb", ["vpcId"]),
    "aws:ec2/route:Route": kept("r", ["routeTableId", "destinationCidrBlock"]),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": kept("rtbassoc", ["subnetId"]),
    "aws:ec2/securityGroup:SecurityGroup": kept("sg", ["vpcId", "description", "name"]),
    "aws:ec2/vpcEndpoint:VpcEndpoint": kept("vpce", ["vpcId", "serviceName", "vpcEndpointType"]),
  };

  function associate(cluster: unknown, providers: unknown): void {
    const found = clusters.get(String(cluster));
    if (!found) throw new Error("ClusterNotFoundException: The referenced cluster was inactive.");
    found.capacityProviders = providers as string[];
  }

  function retain(group: string, days: unknown): void {
    if (days === undefined || days === 0) log.retention.delete(group);
    else log.retention.set(group, Number(days));
  }

  /** One that is made, is there, is changed, and goes. */
  function kept(
    kind: string,
    replaceOn: string[] = [],
    computed: string[] = ["arn"],
    more: (id: string, inputs: JsonObject) => JsonObject = (id) => ({ arn: world.arn("ec2", `${kind}/${id}`) }),
  ): StandInResource {
    return {
      replaceOn,
      computed,
      create: (inputs) => {
        const id = surroundings.make(kind, inputs);
        return { id, outputs: more(id, inputs) };
      },
      read: (id) => {
        const found = surroundings.things.get(id);
        return found && { id, outputs: found.properties };
      },
      update: (id, inputs) => {
        surroundings.change(id, inputs);
        return {};
      },
      delete: (id) => surroundings.remove(id),
    };
  }
}
