import { AccessKey, User } from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import { declared, partOf } from "../checks";
import type { Permissions } from "../submitting";
import { checkAwsName, checkComponentName, checkSubmitAccess } from "./checks";
import { TaskSubmitAccess } from "./taskSubmitAccess";

export interface PushUserArgs {
  /**
   * Work pool that the user submits to.
   */
  workPoolName: string;
  /**
   * ARN of the cluster in which runs run.
   */
  clusterArn: pulumi.Input<string>;
  /**
   * ARN of the runs' execution role.
   */
  executionRoleArn: pulumi.Input<string>;
  /**
   * ARN of the role that flows have, if they have one.
   */
  taskRoleArn?: pulumi.Input<string>;
  /**
   * Name of the log group that runs write to. By default any.
   */
  logGroupName?: pulumi.Input<string>;
  /**
   * Name of a user that is there already, in place of a new one.
   */
  user?: pulumi.Input<string>;
  /**
   * What it may do. Documented by default.
   */
  permissions?: Permissions;
  /**
   * Region of the runs. By default the provider's (`aws:region`).
   */
  region?: pulumi.Input<string>;
}

/**
 * The IAM user by which runs are submitted, with what that takes and an access key, as Prefect's guide has it.
 *
 * ```ts
 * const push = new PushUser("etl-push", { workPoolName: "etl", clusterArn: cluster.arn, executionRoleArn: role.arn });
 * ```
 */
export class PushUser extends pulumi.ComponentResource {
  /**
   * Name of the user.
   */
  readonly userName: pulumi.Output<string>;
  /**
   * Id of its access key.
   */
  readonly accessKeyId: pulumi.Output<string>;
  /**
   * The key's secret. Secret.
   */
  readonly secretAccessKey: pulumi.Output<string>;
  /**
   * When the key was made, as ISO 8601.
   */
  readonly keyCreatedAt: pulumi.Output<string>;

  constructor(name: string, args: PushUserArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("PushUser", name);
    checkComponentName(name, 50, of);
    checkAwsName("user", "user", args.user, of);
    checkSubmitAccess(args, of);
    super("pushpool:index:PushUser", name, args, opts);
    const options = partOf(this, opts);
    const { user: given, ...access } = args;

    const user = given === undefined ? new User(`${name}-user`, {}, options) : undefined;
    this.userName = pulumi.output(given ?? user?.name ?? "");
    const allowed = new TaskSubmitAccess(`${name}-access`, { ...access, members: [this.userName] }, options);
    // After its policies: by the time that there is a key, they have had a while to become known everywhere.
    const key = new AccessKey(`${name}-key`, { user: this.userName }, { ...options, dependsOn: allowed });

    this.accessKeyId = key.id;
    this.secretAccessKey = pulumi.secret(key.secret);
    this.keyCreatedAt = key.createDate;
    this.registerOutputs({
      userName: this.userName,
      accessKeyId: this.accessKeyId,
      secretAccessKey: this.secretAccessKey,
      keyCreatedAt: this.keyCreatedAt,
    });
  }
}
