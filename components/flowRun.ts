import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, type Declared, declared, refuse } from "./checks";
import { type DeploymentDefinition, type PushPoolDefinition, present } from "./definitions";
import type { AnyJson } from "./json";
import { secretPaths } from "./secretPaths";
import { flowRun } from "./trampoline";

/** Arguments of a `FlowRun`. */
export interface FlowRunArgs {
  /**
   * The pool that it runs on: the `definition` of a pool component.
   * @example pool: etl.definition
   */
  pool: PushPoolDefinition;
  /**
   * What runs: the `definition` of a Deployment on that pool.
   * @example deployment: hello.definition
   */
  deployment: DeploymentDefinition;
  /**
   * Parameters of this run, over the deployment's own. They are not secret. Another value runs the flow again. By default the deployment's.
   * @example parameters: { name: "smoke" }
   */
  parameters?: Record<string, AnyJson>;
  /**
   * Job variables of this run, over the deployment's own. Any leaf may be secret. Another value runs the flow again. By default the
   * deployment's.
   * @example jobVariables: { image: image.digest }
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * Values that run the flow again when they change: an image's digest, a version, a file's hash. By default none.
   * @example triggers: ["1.2.0"]
   */
  triggers?: AnyJson[];
  /**
   * Tags of the run, in addition to the deployment's. By default none.
   * @example tags: ["smoke"]
   */
  tags?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Whether `up` waits until the run has COMPLETED, and fails if it does not. By default it waits; otherwise it only submits.
   * @example wait: false
   */
  wait?: pulumi.Input<boolean>;
  /**
   * How long `up` watches; a number is seconds. Then `up` fails and says so, the run goes on, and the next `up` watches it further. By
   * default there is no limit. The pool's timeoutSeconds limits the run itself.
   * @example timeout: "10m"
   */
  timeout?: pulumi.Input<string | number>;
  /**
   * Blocks for `{{ prefect.blocks.… }}`, as manifest() takes them. By default none but the pool's.
   * @example blocks: { "secret/token": { data: { value: config.requireSecret("token") } } }
   */
  blocks?: Record<string, AnyJson>;
  /**
   * Values for `{{ prefect.variables.NAME }}`, as manifest() takes them. By default none.
   * @example variables: { bucket: "orders" }
   */
  variables?: Record<string, AnyJson>;
}

const FLOW_RUN_ARGUMENTS: ArgumentNames<FlowRunArgs> = {
  pool: "required",
  deployment: "required",
  parameters: "optional",
  jobVariables: "optional",
  triggers: "optional",
  tags: "optional",
  wait: "optional",
  timeout: "optional",
  blocks: "optional",
  variables: "optional",
};

/**
 * A flow run as part of `up`: a smoke test, a migration, a backfill.
 *
 * It runs once, and again when its parameters, job variables or triggers change. A change of anything else (credentials, template, image) runs
 * nothing by itself. A replacement is a new run, whatever brings it about: `--replace`, `pulumi state taint`, replaceOnChanges. A run that is
 * still under way is then cancelled. `up` fails with the reason and the last lines if the run does; the next `up` then tries again. An `up` that was
 * killed is taken up by the next. With the Pulumi CLI, `pulumi cancel` unlocks the stack first, and
 * `pulumi refresh --clear-pending-creates` ends the warning about the run that was being created. `destroy` cancels what is unfinished, and waits
 * until it has stopped.
 *
 * ```ts
 * new FlowRun("smoke", { pool: etl.definition, deployment: hello.definition, parameters: { name: "smoke" }, triggers: [image] });
 * ```
 */
export class FlowRun extends pulumi.dynamic.Resource {
  /** The flow run's id, for `pushpool show`, `logs` and `cancel`. */
  declare readonly runId: pulumi.Output<string>;
  /** Its state type, as in Prefect; COMPLETED if `up` waited for it. */
  declare readonly state: pulumi.Output<string>;
  /** The exit code of its command; absent before its end. */
  declare readonly exitCode: pulumi.Output<number | undefined>;
  /** When it was first seen running; ISO 8601, UTC. */
  declare readonly startedAt: pulumi.Output<string | undefined>;
  /** ISO 8601, UTC; absent while it has not ended. */
  declare readonly endedAt: pulumi.Output<string | undefined>;

  constructor(name: string, args: FlowRunArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = { runId: undefined, state: undefined, exitCode: undefined, startedAt: undefined, endedAt: undefined };
    super(flowRun, name, { ...inputsOf(name, args, opts), ...outputs }, withSecrets(opts), "pushpool", "FlowRun");
  }
}

/** In manifest shape, since the manifest of this stack is there only once the stack is up. */
function inputsOf(name: string, args: FlowRunArgs, opts: pulumi.CustomResourceOptions | undefined): Record<string, AnyJson> {
  const of = declared("FlowRun", name, args, FLOW_RUN_ARGUMENTS);
  checkDefinition("pool", args.pool, of);
  checkDefinition("deployment", args.deployment, of);
  const { pool, deployment, parameters, jobVariables, triggers, tags, wait, timeout, blocks, variables } = args;
  const given = present({ pool, deployment, parameters, jobVariables, triggers, tags, wait, timeout, blocks, variables });
  const source = present({ project: pulumi.getProject(), stack: pulumi.getStack(), name, parent: opts?.parent?.urn });
  // The engine looks for these paths in what a provider says has changed, and a dynamic provider cannot say that.
  const { replaceOnChanges } = opts ?? {};
  // A dynamic provider gets every secret in plain text, and has to be told which they are.
  return { source, ...given, ...present({ replaceOnChanges }), secretPaths: secretPaths(given) };
}

/** @throws {pulumi.ResourceError} for a component in place of its definition, or for anything else */
function checkDefinition(field: "pool" | "deployment", definition: Record<string, AnyJson>, of: Declared): void {
  if (definition[field] !== undefined && typeof definition.name === "string") return;
  const example = field === "pool" ? "pool: etl.definition" : "deployment: hello.definition";
  const problem = definition.definition === undefined ? "is not a definition" : "is a component";
  refuse(`${field} ${problem}: give the component's definition, for example ${example}`, of);
}

function withSecrets(opts: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
  return { ...opts, additionalSecretOutputs: [...(opts.additionalSecretOutputs ?? []), "secrets"] };
}
