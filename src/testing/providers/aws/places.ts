import type { JsonObject } from "../../../json";
import type { FakeAws } from "../../clouds/aws";
import type { StandInResource } from "../standInProvider";

/** Where runs run and write to, and what is around them: ECS, CloudWatch Logs, Parameter Store, ECR, EC2's networks. */
export function placeResources({ world }: FakeAws): Record<string, StandInResource> {
  const { surroundings, log, parameters, clusters } = world;
  return {
    "aws:ecs/cluster:Cluster": {
      replaceOn: ["name"],
      computed: ["arn"],
      autoName: { input: "name", longest: 255 },
      create: ({ name }) => {
        const arn = world.addCluster(String(name));
        return { id: arn, outputs: { arn } };
      },
      read: (id, { name }) => (clusters.get(String(name))?.status === "ACTIVE" ? { id } : undefined),
      delete: (_, { name }) => {
        clusters.delete(String(name));
      },
    },
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": {
      replaceOn: ["clusterName"],
      create: ({ clusterName }) => ({ id: String(clusterName) }),
      read: (id) => (clusters.has(id) ? { id } : undefined),
    },
    "aws:cloudwatch/logGroup:LogGroup": {
      replaceOn: ["name"],
      computed: ["arn"],
      create: ({ name }) => {
        if (log.groups.has(String(name))) throw new Error("ResourceAlreadyExistsException: The specified log group already exists");
        log.createGroup(String(name));
        return { id: String(name), outputs: { arn: world.arn("logs", `log-group:${name}`) } };
      },
      read: (id) => (log.groups.has(id) ? { id } : undefined),
      delete: (id) => {
        log.groups.delete(id);
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
    "aws:ecr/repository:Repository": {
      ...kept("ecr", ["arn", "registryId", "repositoryUrl"], (_, { name }) => ({
        arn: world.arn("ecr", `repository/${name}`),
        repositoryUrl: `${world.options.account}.dkr.ecr.${world.options.region}.amazonaws.com/${name}`,
      })),
    },
    "aws:ec2/vpc:Vpc": kept("vpc"),
    "aws:ec2/subnet:Subnet": kept("subnet"),
    "aws:ec2/internetGateway:InternetGateway": kept("igw"),
    "aws:ec2/natGateway:NatGateway": kept("nat"),
    "aws:ec2/eip:Eip": kept("eipalloc"),
    "aws:ec2/routeTable:RouteTable": kept("rtb"),
    "aws:ec2/route:Route": kept("r"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": kept("rtbassoc"),
    "aws:ec2/securityGroup:SecurityGroup": kept("sg"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": kept("vpce"),
  };

  /** One that is made, is there, is changed, and goes. */
  function kept(
    kind: string,
    computed: string[] = ["arn"],
    more: (id: string, inputs: JsonObject) => JsonObject = (id) => ({ arn: world.arn("ec2", `${kind}/${id}`) }),
  ): StandInResource {
    return {
      replaceOn: ["vpcId", "cidrBlock", "name", "availabilityZone"],
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
        surroundings.things.set(id, { kind, properties: inputs });
        return {};
      },
      delete: (id) => surroundings.remove(id),
    };
  }
}
