import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "./anyJson";
import {
  type ArgumentNames,
  checkDeploymentName,
  checkList,
  checkMap,
  checkName,
  checkTag,
  checkText,
  type Declared,
  declared,
  refuse,
} from "./checks";
import { type DeploymentDefinition, present } from "./definitions";

/** Arguments of a `Deployment`. */
export interface DeploymentArgs {
  /**
   * The work pool for its runs: the workPoolName of a pool component, or a name.
   * @example workPoolName: pool.workPoolName
   */
  workPoolName: pulumi.Input<string>;
  /**
   * Work queue of that pool. By default the one called default.
   * @example workQueueName: "urgent"
   */
  workQueueName?: pulumi.Input<string>;
  /**
   * The code of the flow: a file and a function, or a module and a function. By default none; then command is required.
   * @example entrypoint: "flows/hello.py:hello"
   */
  entrypoint?: pulumi.Input<string>;
  /**
   * A command to run, split into words as a shell does, but not run by a shell. By default the entrypoint runs.
   * @example command: "node hello.mjs"
   */
  command?: pulumi.Input<string>;
  /**
   * Prefect's pull steps, which copy the code of the flow to the place of the run. By default none. Runs of a command ignore them.
   * @example pullSteps: [{ "prefect.deployments.steps.git_clone": { repository: "https://git.example/flows.git" } }]
   */
  pullSteps?: Record<string, AnyJson>[];
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
}

const DEPLOYMENT_ARGUMENTS: ArgumentNames<DeploymentArgs> = {
  workPoolName: "required",
  workQueueName: "optional",
  entrypoint: "optional",
  command: "optional",
  pullSteps: "optional",
  parameters: "optional",
  parameterSchema: "optional",
  enforceParameterSchema: "optional",
  jobVariables: "optional",
  tags: "optional",
  description: "optional",
};

/**
 * A deployment: what runs, on which pool, and with which defaults. Its name is `<flow name>/<deployment name>`, as everywhere in Prefect.
 *
 * ```ts
 * const hello = new Deployment("hello/prod", { workPoolName: pool.workPoolName, command: "node hello.mjs", parameters: { name: "Ada" } });
 * ```
 */
export class Deployment extends pulumi.ComponentResource {
  /**
   * Flow name and deployment name, joined by a slash.
   */
  readonly deploymentName: pulumi.Output<string>;
  /**
   * The value for manifest().
   */
  readonly definition: DeploymentDefinition;

  constructor(name: string, args: DeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("Deployment", name, args, DEPLOYMENT_ARGUMENTS);
    const { workPoolName, workQueueName, jobVariables, entrypoint, command, ...others } = args;
    checkDeploymentName(name, of);
    if (entrypoint === undefined && command === undefined) {
      refuse('command and entrypoint are both missing: say what the deployment runs, for example command: "python etl.py"', of);
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

/** Check what the schema of the manifest would refuse. Otherwise the manifest of the whole stack could not be read. */
function checkFields(args: DeploymentArgs, of: Declared): void {
  for (const field of ["workPoolName", "entrypoint", "command"] as const) checkText(field, args[field], of);
  if (typeof args.workQueueName === "string") checkName("workQueueName", args.workQueueName, of);
  else checkText("workQueueName", args.workQueueName, of);
  for (const field of ["parameters", "parameterSchema", "jobVariables"] as const) checkMap(field, args[field], of);
  checkList("pullSteps", args.pullSteps, (field, step) => checkMap(field, step, of), of);
  checkList("tags", args.tags, (field, tag) => checkTag(field, tag, of), of);
}
