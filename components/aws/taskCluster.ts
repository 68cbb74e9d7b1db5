import { Cluster, ClusterCapacityProviders } from "@pulumi/aws/ecs";
import { ServiceLinkedRole } from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, partOf } from "../checks";
import { checkAwsName, checkComponentName, regionOf } from "./awsChecks";

/** Arguments of a `TaskCluster`. */
export interface TaskClusterArgs {
  /**
   * Name of the cluster. By default generated from the component's name.
   * @example clusterName: "flows"
   */
  clusterName?: string;
  /**
   * Whether to make the role AWSServiceRoleForECS, of which an account has only one. By default AWS makes it with the account's first
   * cluster, if the login may do that. Otherwise set this in one stack; the role stays when that stack is destroyed.
   * @example serviceLinkedRole: true
   */
  serviceLinkedRole?: boolean;
  /**
   * Region of the cluster. By default the provider's (`aws:region`).
   * @example region: "eu-west-1"
   */
  region?: pulumi.Input<string>;
}

const TASK_CLUSTER_ARGUMENTS: ArgumentNames<TaskClusterArgs> = {
  clusterName: "optional",
  serviceLinkedRole: "optional",
  region: "optional",
};

/**
 * An ECS cluster for runs on Fargate, including Fargate Spot. It costs nothing while nothing runs.
 *
 * ```ts
 * const cluster = new TaskCluster("flows");
 * ```
 */
export class TaskCluster extends pulumi.ComponentResource {
  /**
   * ARN of the cluster.
   */
  readonly arn: pulumi.Output<string>;
  /**
   * Name of the cluster.
   */
  readonly clusterName: pulumi.Output<string>;

  constructor(name: string, args: TaskClusterArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("TaskCluster", name, args, TASK_CLUSTER_ARGUMENTS);
    checkComponentName(name, 200, of);
    const region = regionOf(args.region, of);
    checkAwsName("clusterName", "cluster", args.clusterName, of);
    super("pushpool:index:TaskCluster", name, args, opts);
    const options = partOf(this, opts);

    // Other clusters may need the role by now, so it is not deleted.
    const linked = args.serviceLinkedRole
      ? new ServiceLinkedRole(`${name}-service-role`, { awsServiceName: "ecs.amazonaws.com" }, { ...options, retainOnDelete: true })
      : undefined;
    const cluster = new Cluster(
      `${name}-cluster`,
      { name: args.clusterName, region },
      linked ? { ...options, dependsOn: [linked] } : options,
    );
    const providers = new ClusterCapacityProviders(
      `${name}-capacity`,
      { clusterName: cluster.name, capacityProviders: ["FARGATE", "FARGATE_SPOT"], region },
      { ...options, deletedWith: cluster },
    );

    this.arn = pulumi.all([cluster.arn, providers.id]).apply(([arn]) => arn);
    this.clusterName = cluster.name;
    this.registerOutputs({ arn: this.arn, clusterName: this.clusterName });
  }
}
