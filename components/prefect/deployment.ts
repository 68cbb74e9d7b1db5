import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, declared } from "../checks";
import { OwnResource } from "../ownResource";
import { parametersInClear } from "../secretPaths";
import { prefectDeployment } from "../trampoline";

/**
 * Arguments of a `PrefectDeployment`. A setting that is not given keeps its value on the server. A setting that is removed gets Prefect's
 * default again.
 */
export interface PrefectDeploymentArgs {
  /**
   * FLOW/DEPLOYMENT. By default the resource's name. A change is a replacement. If the flow does not exist, it is created.
   * @example deploymentName: "hello/prod"
   */
  deploymentName?: pulumi.Input<string>;
  /**
   * The work pool for its runs. By default none: then nothing runs it.
   * @example workPoolName: "etl"
   */
  workPoolName?: pulumi.Input<string>;
  /**
   * The id of the work pool: the workPoolId of a PrefectWorkPool. If the pool is replaced, the deployment moves to the new one. By default
   * only the name counts.
   * @example workPoolId: pool.workPoolId
   */
  workPoolId?: pulumi.Input<string>;
  /**
   * Work queue of that pool. If it does not exist, Prefect creates it. By default the queue `default`.
   * @example workQueueName: "urgent"
   */
  workQueueName?: pulumi.Input<string>;
  /**
   * The code of the flow: a file and a function, or a module and a function. By default none.
   * @example entrypoint: "flows/hello.py:hello"
   */
  entrypoint?: pulumi.Input<string>;
  /**
   * The folder of the entrypoint, at the place of the run. By default the working directory of the run.
   * @example path: "/app"
   */
  path?: pulumi.Input<string>;
  /**
   * Prefect's steps that copy the code to the place of the run. By default none.
   * @example pullSteps: [{ "prefect.deployments.steps.set_working_directory": { directory: "/app" } }]
   */
  pullSteps?: AnyJson[];
  /**
   * Default values of the flow's parameters. They cannot be secret: a secret is refused. By default none.
   * @example parameters: { name: "Ada", times: 3 }
   */
  parameters?: Record<string, AnyJson>;
  /**
   * JSON Schema for the parameters of a run. By default they are not checked.
   * @example parameterSchema: { type: "object", required: ["name"], properties: { name: { type: "string" } } }
   */
  parameterSchema?: Record<string, AnyJson>;
  /**
   * Whether the parameters of a run must match the schema. By default they must.
   * @example enforceParameterSchema: false
   */
  enforceParameterSchema?: pulumi.Input<boolean>;
  /**
   * Job variables of this deployment. They override those of the pool, and those of a run override them. Any value may be secret. By
   * default those of the pool apply.
   * @example jobVariables: { memory: "2Gi" }
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * Tags of every run. By default none.
   * @example tags: ["nightly"]
   */
  tags?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Description of the deployment. By default none.
   * @example description: "Loads the orders of the day"
   */
  description?: pulumi.Input<string>;
  /**
   * Version, as any string. By default none.
   * @example version: "1.2.0"
   */
  version?: pulumi.Input<string>;
  /**
   * Whether its schedules are paused. By default they are not.
   * @example paused: true
   */
  paused?: pulumi.Input<boolean>;
  /**
   * Schedules in the format of prefect.yaml: one of cron, interval (seconds) and rrule, with timezone, anchor_date, day_or, active, slug,
   * parameters and max_scheduled_runs. An empty list removes the existing ones. By default the server's schedules stay.
   * @example schedules: [{ cron: "0 6 * * *", timezone: "Europe/Berlin" }]
   */
  schedules?: AnyJson[];
  /**
   * The maximum number of its concurrent runs. By default there is no limit.
   * @example concurrencyLimit: 1
   */
  concurrencyLimit?: pulumi.Input<number | null>;
  /**
   * What happens to a run over that limit: collision_strategy ENQUEUE or CANCEL_NEW, grace_period_seconds. By default ENQUEUE, as in
   * Prefect.
   * @example concurrencyOptions: { collision_strategy: "CANCEL_NEW" }
   */
  concurrencyOptions?: Record<string, AnyJson>;
  /**
   * Whether to take over an existing deployment, instead of an error. Then the deployment belongs to this resource, and is deleted with it.
   * By default an existing deployment is an error.
   * @example adoptExisting: true
   */
  adoptExisting?: pulumi.Input<boolean>;
}

const PREFECT_DEPLOYMENT_ARGUMENTS: ArgumentNames<PrefectDeploymentArgs> = {
  deploymentName: "optional",
  workPoolName: "optional",
  workPoolId: "optional",
  workQueueName: "optional",
  entrypoint: "optional",
  path: "optional",
  pullSteps: "optional",
  parameters: "optional",
  parameterSchema: "optional",
  enforceParameterSchema: "optional",
  jobVariables: "optional",
  tags: "optional",
  description: "optional",
  version: "optional",
  paused: "optional",
  schedules: "optional",
  concurrencyLimit: "nullable",
  concurrencyOptions: "optional",
  adoptExisting: "optional",
};

/**
 * A deployment on a Prefect API. An update changes only what differs. So unchanged schedules keep the runs that they have created.
 *
 * ```ts
 * new PrefectDeployment("hello/prod", { workPoolName: "etl", entrypoint: "flows/hello.py:hello" }, { provider: connection });
 * ```
 */
export class PrefectDeployment extends OwnResource {
  /** Flow name and deployment name, joined by a slash. */
  declare readonly deploymentName: pulumi.Output<string>;
  /** Its id on the server. */
  declare readonly deploymentId: pulumi.Output<string>;
  /** Id of its flow on the server. */
  declare readonly flowId: pulumi.Output<string>;
  /** URL of the API on which it is registered. */
  declare readonly apiUrl: pulumi.Output<string>;

  constructor(name: string, args: PrefectDeploymentArgs = {}, opts?: pulumi.CustomResourceOptions) {
    const of = declared("PrefectDeployment", name, args, PREFECT_DEPLOYMENT_ARGUMENTS);
    const parameters = args.parameters === undefined ? {} : { parameters: parametersInClear(args.parameters, of) };
    const props = { deploymentName: name, ...args, ...parameters, deploymentId: undefined, flowId: undefined, apiUrl: undefined };
    super(
      prefectDeployment,
      name,
      props,
      pulumi.mergeOptions({ additionalSecretOutputs: ["connectionAuth"] }, opts),
      "pushpool",
      "PrefectDeployment",
    );
  }
}
