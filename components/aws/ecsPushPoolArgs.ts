import type * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../json";
import type { Credentials, Permissions } from "../submitting";
import type { WorkQueueArgs } from "../workQueue";
import type { TaskNetworkAccess } from "./taskNetwork";

export interface EcsPushPoolArgs {
  /**
   * Region in which runs run, as eu-west-1. By default the provider's (`aws:region`).
   */
  region?: pulumi.Input<string>;
  /**
   * Name of the work pool, by which deployments and prefect.yaml refer to it. By default the component's name.
   */
  workPoolName?: string;
  /**
   * Defaults of the job variables of Prefect's template for ECS: image, cpu, memory, launch_type, env, labels and so on. A deployment's own go
   * over them, and a run's over those. Any leaf may be secret.
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * A base job template of your own, as a Prefect server has it, in place of the one for ECS.
   */
  baseJobTemplate?: Record<string, AnyJson>;
  /**
   * As whom runs are submitted. By default with a key of the pool's own, which some organisations forbid; ambient takes none.
   */
  credentials?: Credentials;
  /**
   * A credentials block that is there already, as aws-credentials/NAME, in place of one of the pool's own. The manifest has to have it.
   */
  credentialsBlock?: string;
  /**
   * Name of the IAM user to make the key for. By default a new one.
   */
  user?: pulumi.Input<string>;
  /**
   * What those who submit may do. Documented by default.
   */
  permissions?: Permissions;
  /**
   * Who else may submit: user/NAME or role/NAME of the account. With ambient credentials, those who are to run anything.
   */
  submitters?: pulumi.Input<string>[];
  /**
   * ARN of the cluster in which runs run. By default a new one.
   */
  clusterArn?: pulumi.Input<string>;
  /**
   * ARN of the role as which ECS fetches images and secrets and writes logs. By default a new one, which may do just that.
   */
  executionRoleArn?: pulumi.Input<string>;
  /**
   * ARN of the role that flows have. By default none, or a new one with taskPolicyArns.
   */
  taskRoleArn?: pulumi.Input<string>;
  /**
   * ARNs of policies for what flows do: a task role with these is made. None by default.
   */
  taskPolicyArns?: pulumi.Input<string>[];
  /**
   * How runs get out of the network that is made for them. Public by default.
   */
  network?: TaskNetworkAccess;
  /**
   * Id of a VPC that is there already, in place of one of the pool's own; with subnetIds.
   */
  vpcId?: pulumi.Input<string>;
  /**
   * Ids of the VPC's subnets for runs.
   */
  subnetIds?: pulumi.Input<string>[];
  /**
   * Ids of the VPC's security groups for runs. By default the VPC's own default group.
   */
  securityGroupIds?: pulumi.Input<string>[];
  /**
   * Whether runs in the given subnets get public addresses, which they need to get out of public ones. By default they do not.
   */
  assignPublicIp?: boolean;
  /**
   * Name of a log group that is there already. By default a new one.
   */
  logGroupName?: pulumi.Input<string>;
  /**
   * For how many days the new log group keeps lines; 0 is for ever. 30 by default.
   */
  logRetentionDays?: number;
  /**
   * Whether to make an image repository for the flows' images, the output imageRepository. By default none is made.
   */
  imageRepository?: boolean;
  /**
   * Whether to make the role AWSServiceRoleForECS, which an account has once. By default AWS makes it with the account's first cluster.
   */
  serviceLinkedRole?: boolean;
  /**
   * Environment variables of all runs whose values are kept in Parameter Store, by name.
   */
  secretEnv?: Record<string, pulumi.Input<string>>;
  /**
   * Prefect API key for the runs, kept in Parameter Store: it then stands in no task definition.
   */
  prefectApiKey?: pulumi.Input<string>;
  /**
   * Base URLs of services, by name: ecs, logs, ssm. For private endpoints and emulators.
   */
  endpoints?: Record<string, pulumi.Input<string>>;
  /**
   * Whether runs are held instead of submitted. By default they are not.
   */
  isPaused?: pulumi.Input<boolean>;
  /**
   * How many runs at a time. Any number by default; 0 holds them all.
   */
  concurrencyLimit?: pulumi.Input<number>;
  /**
   * Work queues beside the one called default, by name.
   */
  queues?: Record<string, WorkQueueArgs>;
  /**
   * How long a run may take, in seconds. Any time by default.
   */
  timeoutSeconds?: pulumi.Input<number>;
  /**
   * Labels of the pool's own.
   */
  labels?: Record<string, pulumi.Input<string>>;
}
