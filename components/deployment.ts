import * as pulumi from "@pulumi/pulumi";
import { checkDeploymentName, checkList, checkMap, checkName, checkTag, checkText, type Declared, declared, refuse } from "./checks";
import { type DeploymentDefinition, present } from "./definitions";
import type { AnyJson } from "./json";

export interface DeploymentArgs {
  /**
   * The work pool that runs it: the workPoolName of a pool component, or the name of one.
   */
  workPoolName: pulumi.Input<string>;
  /**
   * Work queue of that pool. By default the one called default.
   */
  workQueueName?: pulumi.Input<string>;
  /**
   * The flow: path/file.py:func or module.func.
   */
  entrypoint?: pulumi.Input<string>;
  /**
   * What to run as it is, split into words as a shell does, but by no shell.
   */
  command?: pulumi.Input<string>;
  /**
   * Prefect's pull steps, which bring the flow's code to where the entrypoint is run. With a command they are not run.
   */
  pullSteps?: Record<string, AnyJson>[];
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
}

/**
 * A deployment: what runs, where, and with which defaults. Its name is `<flow name>/<deployment name>`, as everywhere in Prefect.
 *
 * ```ts
 * const hello = new Deployment("hello/prod", { workPoolName: pool.workPoolName, command: "node hello.mjs", parameters: { name: "Ada" } });
 * ```
 */
export class Deployment extends pulumi.ComponentResource {
  /**
   * Flow name and deployment name, with a slash between.
   */
  readonly deploymentName: pulumi.Output<string>;
  /**
   * What manifest() takes.
   */
  readonly definition: DeploymentDefinition;

  constructor(name: string, args: DeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("Deployment", name);
    const { workPoolName, workQueueName, jobVariables, entrypoint, command, ...others } = args;
    checkDeploymentName(name, of);
    if (workPoolName === undefined) refuse("workPoolName is missing: give the workPoolName of a pool component", of);
    if (entrypoint === undefined && command === undefined) {
      refuse('command is missing, and so is entrypoint: give the deployment what it runs, for example command: "python etl.py"', of);
    }
    checkFields(args, of);
    super("pushpool:index:Deployment", name, args, opts);
    const { pullSteps, parameters, parameterSchema, enforceParameterSchema, tags, description } = others;

    this.deploymentName = pulumi.output(name);
    this.definition = {
      name,
      deployment: present({
        entrypoint,
        command,
        workPool: present({ name: workPoolName, queue: workQueueName, jobVariables }),
        pullSteps,
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

/** What the manifest's schema would refuse: the manifest of the whole stack could then not be read. */
function checkFields(args: DeploymentArgs, of: Declared): void {
  for (const field of ["workPoolName", "entrypoint", "command"] as const) checkText(field, args[field], of);
  if (typeof args.workQueueName === "string") checkName("workQueueName", args.workQueueName, of);
  else checkText("workQueueName", args.workQueueName, of);
  for (const field of ["parameters", "parameterSchema", "jobVariables"] as const) checkMap(field, args[field], of);
  checkList("pullSteps", args.pullSteps, (field, step) => checkMap(field, step, of), of);
  checkList("tags", args.tags, (field, tag) => checkTag(field, tag, of), of);
}
