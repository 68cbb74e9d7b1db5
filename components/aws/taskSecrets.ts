import { Parameter } from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import { parameterFolder } from "../../src/manifest/cloudNames";
import { type ArgumentNames, checkVariableNames, declared, partOf } from "../checks";
import { physicalName, thisStack } from "../physicalName";
import { regionOf } from "./awsChecks";

/** Arguments of `TaskSecrets`. */
export interface TaskSecretsArgs {
  /**
   * Values by the name of their environment variable. They are stored as secrets, marked or not. Values of up to 4 KB cost nothing.
   * @example values: { DATABASE_PASSWORD: config.requireSecret("password") }
   */
  values: Record<string, pulumi.Input<string>>;
  /**
   * Work pool of the runs that read them. Its execution role may read what is under its name.
   * @example workPoolName: "etl"
   */
  workPoolName: string;
  /**
   * Region of the runs. By default the provider's (`aws:region`).
   * @example region: "eu-west-1"
   */
  region?: pulumi.Input<string>;
}

const TASK_SECRETS_ARGUMENTS: ArgumentNames<TaskSecretsArgs> = {
  values: "required",
  workPoolName: "required",
  region: "optional",
};

/**
 * Encrypted parameters of Systems Manager for the environment of runs. A task definition then contains only their names.
 *
 * ```ts
 * const secrets = new TaskSecrets("etl-secrets", { workPoolName: "etl", values: { DATABASE_PASSWORD: config.requireSecret("password") } });
 * ```
 */
export class TaskSecrets extends pulumi.ComponentResource {
  /**
   * ARNs by the name of the variable.
   */
  readonly arns: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: TaskSecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("TaskSecrets", name, args, TASK_SECRETS_ARGUMENTS);
    const values = Object.fromEntries(Object.entries(args.values).map(([key, value]) => [key, pulumi.secret(value)]));
    checkVariableNames("values", args.values, of);
    const region = regionOf(args.region, of);
    super("pushpool:index:TaskSecrets", name, { ...args, values }, opts);
    const path = `${parameterFolder(thisStack(), args.workPoolName)}${physicalName(name, 60)}`;

    this.arns = {};
    for (const [variable, value] of Object.entries(values)) {
      // A standard parameter holds 4 KB and costs nothing. A larger value needs an advanced parameter.
      const inputs = { name: `${path}/${variable}`, type: "SecureString", tier: "Intelligent-Tiering", value, region };
      this.arns[variable] = new Parameter(`${name}-${variable}`, inputs, partOf(this, opts)).arn;
    }
    this.registerOutputs({});
  }
}
