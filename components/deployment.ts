import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "./poolDefinition";

export interface DeploymentArgs {
  /** The work pool that runs it, as a pool component's `workPoolName`. */
  workPoolName: pulumi.Input<string>;
  /** Queue of the work pool. `default` by default. */
  workQueueName?: pulumi.Input<string>;
  /** The flow: `path/file.py:func` or `module.func`. */
  entrypoint?: pulumi.Input<string>;
  /** What to run as it is, split into words as a shell does. */
  command?: pulumi.Input<string>;
  /** Defaults of the flow's parameters. Not secret. */
  parameters?: Record<string, AnyJson>;
  /** JSON Schema that parameters are checked against before a run is sent. */
  parameterSchema?: AnyJson;
  /** Whether they are. True by default. */
  enforceParameterSchema?: pulumi.Input<boolean>;
  /** Over the pool's job variables, and under a run's own. */
  jobVariables?: Record<string, AnyJson>;
  /** Every run has them. */
  tags?: pulumi.Input<pulumi.Input<string>[]>;
  description?: pulumi.Input<string>;
}

/**
 * A deployment: what runs, where, and with which defaults. It is named `<flow name>/<deployment name>`, as everywhere in Prefect.
 *
 * ```ts
 * const hello = new Deployment("hello/prod", { workPoolName: pool.workPoolName, command: "node hello.mjs", parameters: { name: "Ada" } });
 * ```
 */
export class Deployment extends pulumi.ComponentResource {
  /** `<flow name>/<deployment name>` */
  readonly deploymentName: pulumi.Output<string>;
  /** For `manifest()`. */
  readonly definition: AnyJson;

  constructor(name: string, args: DeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pushpool:index:Deployment", name, args, opts);
    if (!/^[^/]+\/[^/]+$/.test(name))
      throw new pulumi.ResourceError(`a deployment is named FLOW/DEPLOYMENT, as "hello/prod"; "${name}" is not`, this);
    if (args.entrypoint === undefined && args.command === undefined)
      throw new pulumi.ResourceError("give the deployment a command, or an entrypoint", this);

    const {
      workPoolName,
      workQueueName,
      jobVariables,
      entrypoint,
      command,
      parameters,
      parameterSchema,
      enforceParameterSchema,
      tags,
      description,
    } = args;
    this.deploymentName = pulumi.output(name);
    this.definition = {
      name,
      deployment: present({
        entrypoint,
        command,
        workPool: present({ name: workPoolName, queue: workQueueName, jobVariables }),
        parameters,
        parameterSchema,
        enforceParameterSchema,
        tags,
        description,
      }),
    };
    this.registerOutputs({ deploymentName: this.deploymentName });
  }
}

function present(values: Record<string, AnyJson>): Record<string, AnyJson> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
