import type * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import type { ArgumentNames } from "../checks";
import type { FederationArgs } from "../federation";
import type { ImageBuildArgs } from "../imageBuild";
import type { KeyRotationArgs } from "../keyRotation";
import { PUSH_POOL_ARGUMENTS, type PushPoolArgs } from "../pushPoolArgs";
import type { Credentials, Permissions } from "../submitting";
import type { TaskNetworkAccess } from "./taskNetwork";
import type { CpuArchitecture } from "./taskPlatform";

/** Arguments of an `EcsPushPool`. Each part that the pool creates can be replaced by an existing one. */
export interface EcsPushPoolArgs extends PushPoolArgs {
  /**
   * Region in which runs run. By default the provider's (`aws:region`).
   * @example region: "eu-west-1"
   */
  region?: pulumi.Input<string>;
  /**
   * Defaults of the job variables of Prefect's template for ECS: image, cpu, memory, launch_type, env, labels and so on. Those of a
   * deployment override them, and those of a run override both. Any value may be secret. By default the template's defaults apply.
   * @example jobVariables: { image: `${images.url}:1.2`, cpu: 512, memory: 1024 }
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * Who submits runs. By default key: the pool makes an IAM user with an access key. With federated it makes a role, which has no key. Those
   * that federation names submit as this role. With ambient it makes neither. Everybody submits with their own login, and submitters lists who
   * may.
   * @example credentials: Credentials.Ambient
   */
  credentials?: Credentials;
  /**
   * Who may submit without a key, with federated credentials: the jobs of a repository, a workload, logins. By default nobody.
   * @example federation: { github: { repository: "acme/etl", branch: "main" } }
   */
  federation?: FederationArgs;
  /**
   * ARN of the account's OIDC provider for the issuer of federation. By default a new one; an account can have only one for each issuer.
   * @example oidcProviderArn: "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
   */
  oidcProviderArn?: pulumi.Input<string>;
  /**
   * An existing credentials block, in place of a new one. The manifest must contain it in its blocks. By default the pool makes one. It
   * excludes credentials and user.
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
   * How the key changes: after everyDays, `up` makes a new one, and after overlapDays it removes the old one. By default the key stays. It
   * excludes ambient credentials and credentialsBlock.
   * @example keyRotation: { everyDays: 90, overlapDays: 7 }
   */
  keyRotation?: KeyRotationArgs;
  /**
   * The permissions of those who submit. By default documented: AmazonECS_FullAccess, as in Prefect's guide. Least privilege allows only
   * what the runs of the pool need, on its own cluster, roles, logs and parameters.
   * @example permissions: Permissions.LeastPrivilege
   */
  permissions?: Permissions;
  /**
   * Who else may submit: users and roles of the account. With ambient credentials, nobody else can run anything. By default nobody.
   * @example submitters: ["role/data", "user/ada"]
   */
  submitters?: pulumi.Input<string>[];
  /**
   * ARN of an existing cluster. By default a new one, which costs nothing while nothing runs. It excludes serviceLinkedRole and the job
   * variable cluster.
   * @example clusterArn: "arn:aws:ecs:eu-west-1:123456789012:cluster/flows"
   */
  clusterArn?: pulumi.Input<string>;
  /**
   * ARN of an existing role with which ECS fetches images and secrets, and writes logs. By default a new role, which may do only that. It
   * excludes the job variable execution_role_arn.
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
   * ARNs of policies with the permissions of flows. The pool makes a task role with them. By default flows have no role, and may do nothing
   * in AWS. It excludes taskRoleArn.
   * @example taskPolicyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
   */
  taskPolicyArns?: pulumi.Input<string>[];
  /**
   * How runs reach other services from the network that the pool makes. By default public, which costs nothing while nothing runs. The
   * private ones cost money all the time. It excludes vpcId and subnetIds.
   * @example network: TaskNetworkAccess.PrivateNat
   */
  network?: TaskNetworkAccess;
  /**
   * Id of an existing VPC; it needs subnetIds. By default the pool makes a VPC. It excludes network and the job variable vpc_id.
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
   * Ids of security groups for runs; they need vpcId and subnetIds. By default the default group of the given VPC, whose members can reach
   * each other.
   * @example securityGroupIds: ["sg-0a1b2c3d4e5f"]
   */
  securityGroupIds?: pulumi.Input<string>[];
  /**
   * Whether runs in the given subnets get public addresses. In public subnets they need one to reach other services. By default they get
   * none.
   * @example assignPublicIp: true
   */
  assignPublicIp?: boolean;
  /**
   * Name of an existing log group. By default the pool makes one. It excludes logRetentionDays.
   * @example logGroupName: "/acme/flows"
   */
  logGroupName?: pulumi.Input<string>;
  /**
   * How many days the new log group keeps lines; 0 means no limit. By default 30. CloudWatch Logs charges for what it stores. It excludes
   * logGroupName.
   * @example logRetentionDays: 90
   */
  logRetentionDays?: number;
  /**
   * Whether to create a repository for the images of flows: the output imageRepository. By default there is none. ECR charges for what it
   * stores, and `destroy` keeps a repository that contains images.
   * @example imageRepository: true
   */
  imageRepository?: boolean;
  /**
   * An image to build and push on each `up`, for the runs of this pool. It goes to the pool's repository, which is made if `image.repository` is not given, and deleted with its images. By default runs use the job variable image.
   * It needs `npm install @pulumi/docker-build` and Docker. It excludes the job variable image.
   * @example image: { context: __dirname }
   */
  image?: ImageBuildArgs;
  /**
   * The processors of tasks: X86_64, or ARM64 for AWS Graviton. The pool writes it into the task definition; a template with its own
   * runtimePlatform excludes it. By default X86_64.
   * @example cpuArchitecture: CpuArchitecture.Arm64
   */
  cpuArchitecture?: CpuArchitecture;
  /**
   * Whether to create the role AWSServiceRoleForECS, of which an account has only one. By default AWS creates it with the first cluster of
   * the account. It excludes clusterArn.
   * @example serviceLinkedRole: true
   */
  serviceLinkedRole?: boolean;
  /**
   * Environment variables of all runs by name, with values that are kept in Parameter Store. A task definition then contains only their
   * names. By default none. Values of up to 4 KB cost nothing.
   * @example secretEnv: { DATABASE_PASSWORD: config.requireSecret("password") }
   */
  secretEnv?: Record<string, pulumi.Input<string>>;
  /**
   * Prefect API key for the runs, kept in Parameter Store, so that no task definition contains it. By default none. It excludes the job
   * variable prefect_api_key_secret_arn.
   * @example prefectApiKey: config.requireSecret("prefectApiKey")
   */
  prefectApiKey?: pulumi.Input<string>;
  /**
   * Base URLs of services by name: ecs, logs, ssm. For private endpoints and emulators. By default those of AWS.
   * @example endpoints: { ecs: "https://vpce-0a1b.ecs.eu-west-1.vpce.amazonaws.com" }
   */
  endpoints?: Record<string, pulumi.Input<string>>;
  /**
   * Time limit of a run, in seconds. ECS has none: the process that watches the run stops it. By default there is no limit.
   * @example timeoutSeconds: 3600
   */
  timeoutSeconds?: pulumi.Input<number>;
}

/** The names for `declared`. */
export const ECS_PUSH_POOL_ARGUMENTS: ArgumentNames<EcsPushPoolArgs> = {
  ...PUSH_POOL_ARGUMENTS,
  region: "optional",
  jobVariables: "optional",
  credentials: "optional",
  federation: "optional",
  oidcProviderArn: "optional",
  credentialsBlock: "optional",
  user: "optional",
  keyRotation: "optional",
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
  image: "optional",
  cpuArchitecture: "optional",
  serviceLinkedRole: "optional",
  secretEnv: "optional",
  prefectApiKey: "optional",
  endpoints: "optional",
  timeoutSeconds: "nullable",
};
