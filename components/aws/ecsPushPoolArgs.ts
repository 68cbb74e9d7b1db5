import type * as pulumi from "@pulumi/pulumi";
import type { ArgumentNames } from "../checks";
import type { AnyJson } from "../json";
import type { Credentials, Permissions } from "../submitting";
import type { WorkQueueArgs } from "../workQueue";
import type { TaskNetworkAccess } from "./taskNetwork";

/** Arguments of an `EcsPushPool`. Each part that the pool creates can be replaced by an existing one. */
export interface EcsPushPoolArgs {
  /**
   * Region in which runs run. By default the provider's (`aws:region`).
   * @example region: "eu-west-1"
   */
  region?: pulumi.Input<string>;
  /**
   * Name of the work pool, by which deployments and prefect.yaml refer to it. By default the component's name.
   * @example workPoolName: "etl"
   */
  workPoolName?: string;
  /**
   * Defaults of the job variables of Prefect's template for ECS: image, cpu, memory, launch_type, env, labels and so on. A deployment's own
   * replace them, and a run's replace those. Any leaf may be secret. By default the template's defaults hold.
   * @example jobVariables: { image: `${images.url}:1.2`, cpu: 512, memory: 1024 }
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * A base job template of your own, as a Prefect server has it. It replaces the template for ECS. By default Prefect's own template is
   * used.
   * @example baseJobTemplate: JSON.parse(readFileSync("template.json", "utf8"))
   */
  baseJobTemplate?: Record<string, AnyJson>;
  /**
   * As whom runs are submitted. By default a user of the pool's own with an access key, which some organisations forbid. Ambient makes no
   * key: whoever submits uses their own login, and submitters names them.
   * @example credentials: Credentials.Ambient
   */
  credentials?: Credentials;
  /**
   * A credentials block that exists already, in place of one of the pool's own. The manifest must have it among its blocks. By default the
   * pool makes one. It excludes credentials and user.
   * @example credentialsBlock: "aws-credentials/team"
   */
  credentialsBlock?: string;
  /**
   * Name of an existing IAM user, for whom the key is created. By default a new user. It excludes ambient credentials and
   * credentialsBlock.
   * @example user: "prefect-submitter"
   */
  user?: pulumi.Input<string>;
  /**
   * The permissions of those who submit. By default documented: AmazonECS_FullAccess, as in Prefect's guide. Least privilege gives what the
   * pool's runs take, on its own cluster, roles, logs and parameters.
   * @example permissions: Permissions.LeastPrivilege
   */
  permissions?: Permissions;
  /**
   * Who else may submit: users and roles of the account. With ambient credentials, these are the people who run anything. By default nobody
   * else.
   * @example submitters: ["role/data", "user/ada"]
   */
  submitters?: pulumi.Input<string>[];
  /**
   * ARN of a cluster that exists already. By default a new one, which costs nothing while nothing runs. It excludes serviceLinkedRole and
   * the job variable cluster.
   * @example clusterArn: "arn:aws:ecs:eu-west-1:123456789012:cluster/flows"
   */
  clusterArn?: pulumi.Input<string>;
  /**
   * ARN of a role that exists already, as which ECS fetches images and secrets and writes logs. By default a new one, which may do just
   * that. It excludes the job variable execution_role_arn.
   * @example executionRoleArn: "arn:aws:iam::123456789012:role/ecs-execution"
   */
  executionRoleArn?: pulumi.Input<string>;
  /**
   * ARN of an existing role for flows. By default none, or a new one with taskPolicyArns. It excludes taskPolicyArns and
   * the job variable task_role_arn.
   * @example taskRoleArn: "arn:aws:iam::123456789012:role/flows"
   */
  taskRoleArn?: pulumi.Input<string>;
  /**
   * ARNs of policies with the flows' permissions. They become a new task role. By default flows have no role, and may do nothing in AWS. It
   * excludes taskRoleArn.
   * @example taskPolicyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
   */
  taskPolicyArns?: pulumi.Input<string>[];
  /**
   * How runs get out of the network that is made for them. By default public, which costs nothing while nothing runs. The private ones cost
   * all the time. It excludes vpcId and subnetIds.
   * @example network: TaskNetworkAccess.PrivateNat
   */
  network?: TaskNetworkAccess;
  /**
   * Id of a VPC that exists already; it needs subnetIds. By default the pool makes a VPC. It excludes network and the job variable vpc_id.
   * @example vpcId: "vpc-0a1b2c3d4e5f"
   */
  vpcId?: pulumi.Input<string>;
  /**
   * Ids of subnets for runs; they need vpcId. By default those of the VPC that the pool makes. It excludes the job variable
   * network_configuration.
   * @example subnetIds: ["subnet-0a1b2c3d4e5f", "subnet-1a1b2c3d4e5f"]
   */
  subnetIds?: pulumi.Input<string>[];
  /**
   * Ids of security groups for runs; they need vpcId and subnetIds. By default the given VPC's own default group, which lets its members
   * in.
   * @example securityGroupIds: ["sg-0a1b2c3d4e5f"]
   */
  securityGroupIds?: pulumi.Input<string>[];
  /**
   * Whether runs in the given subnets get public addresses. They need them to get out of public subnets. By default they get none.
   * @example assignPublicIp: true
   */
  assignPublicIp?: boolean;
  /**
   * Name of a log group that exists already. By default a new one. It excludes logRetentionDays.
   * @example logGroupName: "/acme/flows"
   */
  logGroupName?: pulumi.Input<string>;
  /**
   * For how many days the new log group keeps lines; 0 is for ever. By default 30. CloudWatch Logs costs by what it keeps. It excludes
   * logGroupName.
   * @example logRetentionDays: 90
   */
  logRetentionDays?: number;
  /**
   * Whether to create a repository for the flows' images, the output imageRepository. By default there is none. ECR charges for what it
   * keeps, and `destroy` keeps a repository with images in it.
   * @example imageRepository: true
   */
  imageRepository?: boolean;
  /**
   * Whether to create the role AWSServiceRoleForECS, of which an account has one. By default AWS creates it with the account's first cluster. It
   * excludes clusterArn.
   * @example serviceLinkedRole: true
   */
  serviceLinkedRole?: boolean;
  /**
   * Environment variables of all runs whose values are kept in Parameter Store, by name. A task definition then names them and has no value
   * in it. By default none. Values of up to 4 KB cost nothing.
   * @example secretEnv: { DATABASE_PASSWORD: config.requireSecret("password") }
   */
  secretEnv?: Record<string, pulumi.Input<string>>;
  /**
   * Prefect API key for the runs, kept in Parameter Store, so that no task definition has it. By default none. It excludes the job variable
   * prefect_api_key_secret_arn.
   * @example prefectApiKey: config.requireSecret("prefectApiKey")
   */
  prefectApiKey?: pulumi.Input<string>;
  /**
   * Base URLs of services, by name: ecs, logs, ssm. For private endpoints and emulators. By default AWS' own.
   * @example endpoints: { ecs: "https://vpce-0a1b.ecs.eu-west-1.vpce.amazonaws.com" }
   */
  endpoints?: Record<string, pulumi.Input<string>>;
  /**
   * Whether runs are held instead of submitted. They start once the pool is no longer paused. By default they are not held.
   * @example isPaused: true
   */
  isPaused?: pulumi.Input<boolean>;
  /**
   * How many runs may be under way at a time; the others wait. 0 holds them all. By default there is no limit. The limit holds within one
   * ledger, or on one Prefect server.
   * @example concurrencyLimit: 10
   */
  concurrencyLimit?: pulumi.Input<number>;
  /**
   * Work queues, by name, each with its priority and limit. By default there is only the queue called default, which is always there.
   * @example queues: { urgent: { priority: 1 }, bulk: { priority: 2, concurrencyLimit: 3 } }
   */
  queues?: Record<string, WorkQueueArgs>;
  /**
   * How long a run may take, in seconds. ECS has no limit of its own: whoever watches the run stops it. By default there is no limit.
   * @example timeoutSeconds: 3600
   */
  timeoutSeconds?: pulumi.Input<number>;
  /**
   * Labels of the pool itself, in the manifest. Runs get theirs from the job variable labels. By default none.
   * @example labels: { team: "data" }
   */
  labels?: Record<string, pulumi.Input<string>>;
}

/** For `declared`. */
export const ECS_PUSH_POOL_ARGUMENTS: ArgumentNames<EcsPushPoolArgs> = {
  region: "optional",
  workPoolName: "optional",
  jobVariables: "optional",
  baseJobTemplate: "optional",
  credentials: "optional",
  credentialsBlock: "optional",
  user: "optional",
  permissions: "optional",
  submitters: "optional",
  clusterArn: "optional",
  executionRoleArn: "optional",
  taskRoleArn: "optional",
  taskPolicyArns: "optional",
  network: "optional",
  vpcId: "optional",
  subnetIds: "optional",
  securityGroupIds: "optional",
  assignPublicIp: "optional",
  logGroupName: "optional",
  logRetentionDays: "optional",
  imageRepository: "optional",
  serviceLinkedRole: "optional",
  secretEnv: "optional",
  prefectApiKey: "optional",
  endpoints: "optional",
  isPaused: "optional",
  concurrencyLimit: "nullable",
  queues: "optional",
  timeoutSeconds: "nullable",
  labels: "optional",
};
