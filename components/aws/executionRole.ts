import { Role, RolePolicy } from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import { parameterFolder } from "../../src/manifest/cloudNames";
import { type ArgumentNames, declared, partOf } from "../checks";
import { thisStack } from "../physicalName";
import { checkComponentName, regionOf } from "./awsChecks";
import { policyDocument } from "./leastPrivilege";
import { arnIn } from "./partition";
import { TRUSTS_TASKS } from "./taskRoles";

/** Arguments of an `ExecutionRole`. */
export interface ExecutionRoleArgs {
  /**
   * Work pool of the runs that use the role. Their secrets are under its name in Parameter Store.
   * @example workPoolName: "etl"
   */
  workPoolName: string;
  /**
   * ARN of the log group to which runs write. By default any log group of the account.
   * @example logGroupArn: logs.arn
   */
  logGroupArn?: pulumi.Input<string>;
  /**
   * ARNs of the ECR repositories with the images. By default any repository that the account may read.
   * @example repositoryArns: [images.arn]
   */
  repositoryArns?: pulumi.Input<string>[];
  /**
   * ARNs of further parameters and secrets that task definitions name, also of Secrets Manager. By default only the pool's own parameters.
   * @example secretArns: ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1b2c3"]
   */
  secretArns?: pulumi.Input<string>[];
  /**
   * Region of the runs. By default the provider's (`aws:region`).
   * @example region: "eu-west-1"
   */
  region?: pulumi.Input<string>;
}

const EXECUTION_ROLE_ARGUMENTS: ArgumentNames<ExecutionRoleArgs> = {
  workPoolName: "required",
  logGroupArn: "optional",
  repositoryArns: "optional",
  secretArns: "optional",
  region: "optional",
};

/**
 * The role with which ECS fetches a run's image and secrets, and writes its log. It may do nothing else. The flow itself has the
 * permissions of the task role.
 *
 * ```ts
 * const role = new ExecutionRole("etl-execution", { workPoolName: "etl", logGroupArn: logs.arn });
 * ```
 */
export class ExecutionRole extends pulumi.ComponentResource {
  /**
   * ARN of the role.
   */
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: ExecutionRoleArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("ExecutionRole", name, args, EXECUTION_ROLE_ARGUMENTS);
    checkComponentName(name, 50, of);
    const region = regionOf(args.region, of);
    super("pushpool:index:ExecutionRole", name, args, opts);
    this.arn = executionRoleArn(name, { ...args, region }, partOf(this, opts));
    this.registerOutputs({ arn: this.arn });
  }
}

/** Make the resources of {@link ExecutionRole}, for a pool that does not create the component. @returns the role's ARN */
export function executionRoleArn(
  name: string,
  args: ExecutionRoleArgs & { region: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const { region, workPoolName, secretArns = [] } = args;
  const logGroupArn = args.logGroupArn ?? arnIn(region, (known) => `logs:${known}:*:log-group:*`);
  const repositories = args.repositoryArns ?? [arnIn(region, () => "ecr:*:*:repository/*")];
  const folder = parameterFolder(thisStack(), workPoolName);
  const parameters = arnIn(region, (known) => `ssm:${known}:*:parameter${folder}*`);

  const role = new Role(
    `${name}-role`,
    { assumeRolePolicy: TRUSTS_TASKS, description: `ECS fetches images and writes logs as this: ${name}`.slice(0, 1000) },
    options,
  );
  const policy = pulumi
    .all([logGroupArn, pulumi.all(repositories), parameters, pulumi.all(secretArns)])
    .apply(([logs, from, own, more]) => {
      const pulls = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"];
      const managed = more.filter((arn) => arn.includes(":secretsmanager:"));
      const others = more.filter((arn) => !arn.includes(":secretsmanager:"));
      return policyDocument([
        ...["logs:CreateLogStream", "logs:PutLogEvents"].map((action) => ({ action, resources: [`${logs.replace(/:\*$/, "")}:*`] })),
        { action: "ecr:GetAuthorizationToken", resources: ["*"] },
        ...pulls.map((action) => ({ action, resources: from })),
        { action: "ssm:GetParameters", resources: [own, ...others] },
        ...(managed.length > 0 ? [{ action: "secretsmanager:GetSecretValue", resources: managed }] : []),
      ]);
    });
  const attached = new RolePolicy(`${name}-policy`, { role: role.name, policy }, options);

  // Resolves only when the role has its permissions.
  return pulumi.all([role.arn, attached.id]).apply(([arn]) => arn);
}
