import { LogGroup } from "@pulumi/aws/cloudwatch";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, partOf } from "../checks";
import { physicalName } from "../physicalName";
import { checkAwsName, checkRetention, regionOf } from "./checks";

/** Arguments of a `TaskLogGroup`. */
export interface TaskLogGroupArgs {
  /**
   * Name of the log group. By default /pushpool/ and the component's name.
   * @example logGroupName: "/acme/flows"
   */
  logGroupName?: string;
  /**
   * For how many days lines are kept; 0 is for ever. By default 30. CloudWatch Logs costs by what it keeps.
   * @example retentionDays: 7
   */
  retentionDays?: number;
  /**
   * Region of the log group, which is that of the runs. By default the provider's (`aws:region`).
   * @example region: "eu-west-1"
   */
  region?: pulumi.Input<string>;
}

const TASK_LOG_GROUP_ARGUMENTS: ArgumentNames<TaskLogGroupArgs> = {
  logGroupName: "optional",
  retentionDays: "optional",
  region: "optional",
};

/**
 * The CloudWatch log group that runs write to.
 *
 * ```ts
 * const logs = new TaskLogGroup("etl-logs", { retentionDays: 7 });
 * ```
 */
export class TaskLogGroup extends pulumi.ComponentResource {
  /**
   * ARN of the log group.
   */
  readonly arn: pulumi.Output<string>;
  /**
   * Its name.
   */
  readonly logGroupName: pulumi.Output<string>;

  constructor(name: string, args: TaskLogGroupArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("TaskLogGroup", name, args, TASK_LOG_GROUP_ARGUMENTS);
    const region = regionOf(args.region, of);
    const { logGroupName, retentionDays } = args;
    checkAwsName("logGroupName", "logGroup", logGroupName, of);
    checkRetention("retentionDays", retentionDays, of);
    super("pushpool:index:TaskLogGroup", name, args, opts);
    const group = logGroup(name, { logGroupName, retentionDays, region }, partOf(this, opts));

    this.arn = group.arn;
    this.logGroupName = group.name;
    this.registerOutputs({ arn: this.arn, logGroupName: this.logGroupName });
  }
}

/** The log group of {@link TaskLogGroup}, for a pool that makes it without the component. */
export function logGroup(
  name: string,
  { logGroupName = `/pushpool/${physicalName(name, 60)}`, retentionDays = 30, region }: TaskLogGroupArgs,
  options: pulumi.CustomResourceOptions,
): LogGroup {
  return new LogGroup(`${name}-group`, { name: logGroupName, retentionInDays: retentionDays, region }, options);
}
