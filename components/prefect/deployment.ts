import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared } from "../checks";
import type { AnyJson } from "../json";
import { parametersInClear } from "../secretPaths";
import { prefectDeployment } from "../trampoline";

/** What is not given is left to the server, and to whoever changes it there; what is no longer given goes back to Prefect's default. */
export interface PrefectDeploymentArgs {
  /**
   * FLOW/DEPLOYMENT. By default the resource's name. A change is a replacement. The flow is made if there is none.
   * @example deploymentName: "hello/prod"
   */
  deploymentName?: pulumi.Input<string>;
  /**
   * The work pool that runs it. By default none: nothing runs it.
   * @example workPoolName: "etl"
   */
  workPoolName?: pulumi.Input<string>;
  /**
   * The pool's id, the workPoolId of a PrefectWorkPool: a pool that is made again gets the deployment back. By default only the name
   * counts.
   * @example workPoolId: pool.workPoolId
   */
  workPoolId?: pulumi.Input<string>;
  /**
   * Work queue of that pool; Prefect makes it if there is none. By default the one called default.
   * @example workQueueName: "urgent"
   */
  workQueueName?: pulumi.Input<string>;
  /**
   * The flow's code: a file and a function, or a module and a function. By default none.
   * @example entrypoint: "flows/hello.py:hello"
   */
  entrypoint?: pulumi.Input<string>;
  /**
   * The folder that the entrypoint is in, where the run is. By default the run's working directory.
   * @example path: "/app"
   */
  path?: pulumi.Input<string>;
  /**
   * Prefect's steps by which a run gets its code. By default none.
   * @example pullSteps: [{ "prefect.deployments.steps.set_working_directory": { directory: "/app" } }]
   */
  pullSteps?: AnyJson[];
  /**
   * Defaults of the flow's parameters. They are not secret: a secret here is refused. By default none.
   * @example parameters: { name: "Ada", times: 3 }
   */
  parameters?: Record<string, AnyJson>;
  /**
   * JSON Schema that a run's parameters must fit. By default none is checked.
   * @example parameterSchema: { type: "object", required: ["name"], properties: { name: { type: "string" } } }
   */
  parameterSchema?: Record<string, AnyJson>;
  /**
   * Whether a run's parameters must fit the schema. By default they must.
   * @example enforceParameterSchema: false
   */
  enforceParameterSchema?: pulumi.Input<boolean>;
  /**
   * Job variables of this deployment. They replace the pool's, and a run's replace them. Any leaf may be secret. By default the pool's
   * hold.
   * @example jobVariables: { memory: "2Gi" }
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * Tags of every run. By default none.
   * @example tags: ["nightly"]
   */
  tags?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * What the deployment is for. By default there is no description.
   * @example description: "Loads the orders of the day"
   */
  description?: pulumi.Input<string>;
  /**
   * Version, any string. By default none.
   * @example version: "1.2.0"
   */
  version?: pulumi.Input<string>;
  /**
   * Whether its schedules are paused. By default they are not.
   * @example paused: true
   */
  paused?: pulumi.Input<boolean>;
  /**
   * Schedules as prefect.yaml writes them: one of cron, interval (seconds) and rrule, with timezone, anchor_date, day_or, and active, slug,
   * parameters, max_scheduled_runs. An empty list removes those that exist. By default the server's stay.
   * @example schedules: [{ cron: "0 6 * * *", timezone: "Europe/Berlin" }]
   */
  schedules?: AnyJson[];
  /**
   * How many of its runs may be under way at a time. By default there is no limit.
   * @example concurrencyLimit: 1
   */
  concurrencyLimit?: pulumi.Input<number | null>;
  /**
   * What becomes of a run over that limit: collision_strategy ENQUEUE or CANCEL_NEW, grace_period_seconds. By default Prefect's ENQUEUE.
   * @example concurrencyOptions: { collision_strategy: "CANCEL_NEW" }
   */
  concurrencyOptions?: Record<string, AnyJson>;
  /**
   * Whether to take over a deployment that exists already, in place of refusing. From then on it is this resource's, and is deleted with
   * it. By default it is refused.
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
 * A deployment on a Prefect API. An update changes only what differs: its schedules keep the runs that they have made.
 *
 * ```ts
 * new PrefectDeployment("hello/prod", { workPoolName: "etl", entrypoint: "flows/hello.py:hello" }, { provider: connection });
 * ```
 */
export class PrefectDeployment extends pulumi.dynamic.Resource {
  declare readonly deploymentName: pulumi.Output<string>;
  declare readonly deploymentId: pulumi.Output<string>;
  declare readonly flowId: pulumi.Output<string>;
  /** The API that it is registered with. */
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
