import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "./anyJson";
import { type ArgumentNames, checkPart, type Declared, declared, refuse } from "./checks";
import { type DeploymentDefinition, type PushPoolDefinition, present } from "./definitions";
import { LEDGER_ARGS, type LedgerArgs } from "./manifest";
import { OwnResource } from "./ownResource";
import { secretPaths } from "./secretPaths";
import { flowRun } from "./trampoline";

/** Arguments of a `FlowRun`. */
export interface FlowRunArgs {
  /**
   * The pool for the run: the `definition` of a pool component. It is the deployment's pool, unless `overridePool` is true.
   * @example pool: etl.definition
   */
  pool: PushPoolDefinition;
  /**
   * Whether the run goes to `pool` although its deployment names another pool. The flow runs again when you change this, and then when you
   * give another pool. By default false: the pool must be the deployment's.
   * @example overridePool: true
   */
  overridePool?: pulumi.Input<boolean>;
  /**
   * The deployment to run: the `definition` of a Deployment on that pool.
   * @example deployment: hello.definition
   */
  deployment: DeploymentDefinition;
  /**
   * Parameters of this run, which override the deployment's. They cannot be secret. A change runs the flow again. By default those of the
   * deployment.
   * @example parameters: { name: "smoke" }
   */
  parameters?: Record<string, AnyJson>;
  /**
   * Job variables of this run, which override the deployment's. Any value may be secret. A change runs the flow again. By default those of
   * the deployment.
   * @example jobVariables: { image: image.digest }
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * Values whose change runs the flow again: the digest of an image, a version, the hash of a file. By default none.
   * @example triggers: ["1.2.0"]
   */
  triggers?: AnyJson[];
  /**
   * Tags of the run, in addition to the deployment's. By default none.
   * @example tags: ["smoke"]
   */
  tags?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Whether `up` waits until the run has COMPLETED, and fails if the run fails. By default it waits. Otherwise it only submits.
   * @example wait: false
   */
  wait?: pulumi.Input<boolean>;
  /**
   * How long `up` watches the run; a number means seconds. After that, `up` fails with a message, the run continues, and the next `up`
   * watches it again. By default there is no limit. To limit the run itself, use timeoutSeconds of the pool.
   * @example timeout: "10m"
   */
  timeout?: pulumi.Input<string | number>;
  /**
   * Blocks for `{{ prefect.blocks.… }}`, in the format of manifest(). By default only those of the pool.
   * @example blocks: { "secret/token": { data: { value: config.requireSecret("token") } } }
   */
  blocks?: Record<string, AnyJson>;
  /**
   * Values for `{{ prefect.variables.NAME }}`, in the format of manifest(). By default none.
   * @example variables: { bucket: "orders" }
   */
  variables?: Record<string, AnyJson>;
  /**
   * The Postgres database that records the run: the `ledger` of this program's manifest(), whose runs everybody sees. The environment variable
   * `PUSHPOOL_LEDGER_URL` comes first. A change starts no run. By default the ledger of the home folder.
   * @example ledger: { url: config.requireSecret("ledgerUrl") }
   */
  ledger?: LedgerArgs;
}

const FLOW_RUN_ARGUMENTS: ArgumentNames<FlowRunArgs> = {
  pool: "required",
  overridePool: "optional",
  deployment: "required",
  parameters: "optional",
  jobVariables: "optional",
  triggers: "optional",
  tags: "optional",
  wait: "optional",
  timeout: "optional",
  blocks: "optional",
  variables: "optional",
  ledger: "optional",
};

/**
 * A flow run as part of `up`: a smoke test, a migration, a backfill.
 *
 * It runs once, and again when its parameters, job variables or triggers change. Other changes (credentials, template, image) start no run.
 *
 * A replacement is always a new run: by `--replace`, `pulumi state taint` or replaceOnChanges. If the old run has not ended, it is
 * cancelled first.
 *
 * If the run fails, `up` fails with the reason and the last lines of output, and the next `up` tries again. If an `up` is killed, the next
 * one continues. With the Pulumi CLI, first unlock the stack with `pulumi cancel`; `pulumi refresh --clear-pending-creates` then removes
 * the warning about the run.
 *
 * `destroy` cancels a run that has not ended, and waits until it has stopped.
 *
 * ```ts
 * new FlowRun("smoke", { pool: etl.definition, deployment: hello.definition, parameters: { name: "smoke" }, triggers: [image] });
 * ```
 */
export class FlowRun extends OwnResource {
  /** Id of the flow run, for `pushpool show`, `logs` and `cancel`. */
  declare readonly runId: pulumi.Output<string>;
  /** State type, as in Prefect. COMPLETED if `up` waited for it. */
  declare readonly state: pulumi.Output<string>;
  /** Exit code of its command. Absent before its end. */
  declare readonly exitCode: pulumi.Output<number | undefined>;
  /** When it was first seen running. ISO 8601, UTC. */
  declare readonly startedAt: pulumi.Output<string | undefined>;
  /** When it ended. ISO 8601, UTC. Absent before its end. */
  declare readonly endedAt: pulumi.Output<string | undefined>;

  constructor(name: string, args: FlowRunArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = { runId: undefined, state: undefined, exitCode: undefined, startedAt: undefined, endedAt: undefined };
    super(flowRun, name, { ...inputsOf(name, args, opts), ...outputs }, withSecrets(opts), "pushpool", "FlowRun");
  }
}

/** In the format of a manifest. The stack's own manifest exists only at the end of the update. */
function inputsOf(name: string, args: FlowRunArgs, opts: pulumi.CustomResourceOptions | undefined): Record<string, AnyJson> {
  const of = declared("FlowRun", name, args, FLOW_RUN_ARGUMENTS);
  checkDefinition("pool", args.pool, of);
  checkDefinition("deployment", args.deployment, of);
  const { pool, overridePool, deployment, parameters, jobVariables, triggers, tags, wait, timeout, blocks, variables } = args;
  if (args.ledger !== undefined) checkPart(`FlowRun "${name}"`, "ledger", args.ledger, LEDGER_ARGS);
  const ledger = args.ledger && { ...args.ledger, url: pulumi.secret(args.ledger.url) };
  const given = present({
    ...{ pool, overridePool, deployment, parameters, jobVariables, triggers, tags, wait, timeout, blocks, variables, ledger },
  });
  const source = present({ project: pulumi.getProject(), stack: pulumi.getStack(), name, parent: opts?.parent?.urn });
  // The engine looks for these paths in the changes that a provider reports. A dynamic provider cannot report paths.
  const { replaceOnChanges } = opts ?? {};
  // A dynamic provider gets every secret in plain text. So the inputs must say which values are secret.
  return { source, ...given, ...present({ replaceOnChanges }), secretPaths: secretPaths(given) };
}

/** @throws {pulumi.ResourceError} for anything but a definition, such as a component */
function checkDefinition(field: "pool" | "deployment", definition: Record<string, AnyJson>, of: Declared): void {
  if (definition[field] !== undefined && typeof definition.name === "string") return;
  const example = field === "pool" ? "pool: etl.definition" : "deployment: hello.definition";
  const problem = definition.definition === undefined ? "is not a definition" : "is a component";
  refuse(`${field} ${problem}: give the component's definition, for example ${example}`, of);
}

function withSecrets(opts: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
  return { ...opts, additionalSecretOutputs: [...(opts.additionalSecretOutputs ?? []), "secrets"] };
}
