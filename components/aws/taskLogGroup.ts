import { LogGroup } from "@pulumi/aws/cloudwatch";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, partOf } from "../checks";
import { physicalName } from "../physicalName";
import { checkAwsName, checkRetention, regionOf } from "./awsChecks";

/** Arguments of a `TaskLogGroup`. */
export interface TaskLogGroupArgs {
  /**
   * Name of the log group. By default /pushpool/ followed by the component's name.
   * @example logGroupName: "/acme/flows"
   */
  logGroupName?: string;
  /**
   * How many days lines are kept; 0 means no limit. By default 30. CloudWatch Logs charges for what it stores.
   * @example retentionDays: 7
   */
  retentionDays?: number;
  /**
   * Region of the log group: that of the runs. By default the provider's (`aws:region`).
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
 * The CloudWatch log group to which runs write.
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
   * Name of the log group.
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

/** Make the log group of {@link TaskLogGroup}, for a pool that does not create the component. */
export function logGroup(
  name: string,
  { logGroupName = `/pushpool/${physicalName(name, 60)}`, retentionDays = 30, region }: TaskLogGroupArgs,
  options: pulumi.CustomResourceOptions,
): LogGroup {
  return new LogGroup(`${name}-group`, { name: logGroupName, retentionInDays: retentionDays, region }, options);
}
