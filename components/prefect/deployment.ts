import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../json";
import { prefectDeployment } from "../trampoline";

/** What is not given is left to the server, and to whoever changes it there; what is no longer given goes back to Prefect's default. */
export interface PrefectDeploymentArgs {
  /**
   * FLOW/DEPLOYMENT. By default the resource's name. A change is a replacement. The flow is made where there is none.
   */
  deploymentName?: pulumi.Input<string>;
  /**
   * The work pool that runs it.
   */
  workPoolName?: pulumi.Input<string>;
  /**
   * The pool's id, so that a pool that is made anew gets the deployment back: the workPoolId of a PrefectWorkPool.
   */
  workPoolId?: pulumi.Input<string>;
  /**
   * Work queue of that pool; Prefect makes it where there is none. By default the one called default.
   */
  workQueueName?: pulumi.Input<string>;
  /**
   * The flow's code: path/file.py:func or module.func.
   */
  entrypoint?: pulumi.Input<string>;
  /**
   * The folder that the entrypoint is in, where the run is.
   */
  path?: pulumi.Input<string>;
  /**
   * Prefect's steps by which a run gets its code.
   */
  pullSteps?: AnyJson[];
  /**
   * Defaults of the flow's parameters. They are not secret.
   */
  parameters?: Record<string, AnyJson>;
  /**
   * JSON Schema that a run's parameters must fit.
   */
  parameterSchema?: Record<string, AnyJson>;
  /**
   * Whether they must. By default they must.
   */
  enforceParameterSchema?: pulumi.Input<boolean>;
  /**
   * Over the pool's job variables, and under a run's own. Any leaf may be secret.
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * Tags of every run.
   */
  tags?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * What it is for.
   */
  description?: pulumi.Input<string>;
  /**
   * Version, any text.
   */
  version?: pulumi.Input<string>;
  /**
   * Whether its schedules rest.
   */
  paused?: pulumi.Input<boolean>;
  /**
   * Schedules in the words of prefect.yaml: one of cron, interval (seconds) and rrule, with timezone, anchor_date, day_or, and active, slug,
   * parameters, max_scheduled_runs. An empty list removes those that are there.
   */
  schedules?: AnyJson[];
  /**
   * How many of its runs at a time. Any number by default.
   */
  concurrencyLimit?: pulumi.Input<number | null>;
  /**
   * What becomes of a run over that limit: collision_strategy ENQUEUE or CANCEL_NEW, grace_period_seconds.
   */
  concurrencyOptions?: Record<string, AnyJson>;
  /**
   * Take over a deployment that is there already, in place of refusing. From then on it is this resource's, and goes with it.
   */
  adoptExisting?: pulumi.Input<boolean>;
}

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
    const props = { deploymentName: name, ...args, deploymentId: undefined, flowId: undefined, apiUrl: undefined };
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
