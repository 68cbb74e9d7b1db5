import * as pulumi from "@pulumi/pulumi";
import { defaultTemplate } from "../../src/template";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, checkLimits, checkName, declared } from "../checks";
import { type PushPoolDefinition, present } from "../definitions";
import { poolTemplate } from "../poolTemplate";
import type { WorkQueueArgs } from "../workQueue";

/** Arguments of a `ProcessPushPool`. */
export interface ProcessPushPoolArgs {
  /**
   * Name of the work pool, by which deployments and prefect.yaml refer to it. By default the component's name.
   * @example workPoolName: "etl"
   */
  workPoolName?: string;
  /**
   * Defaults of the job variables: command, env, labels, name, stream_output, working_dir. Those of a deployment override them, and those
   * of a run override both. Any value may be secret. By default the template's defaults apply.
   * @example jobVariables: { working_dir: __dirname, env: { REGION: "eu" } }
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * Your own base job template, in the format of a Prefect server. It replaces the template for processes. By default Prefect's own
   * template is used.
   * @example baseJobTemplate: JSON.parse(readFileSync("template.json", "utf8"))
   */
  baseJobTemplate?: Record<string, AnyJson>;
  /**
   * Whether runs are held instead of submitted. They start once the pool is no longer paused. By default they are not held.
   * @example isPaused: true
   */
  isPaused?: pulumi.Input<boolean>;
  /**
   * The maximum number of concurrent runs; the others wait. 0 holds all of them. By default there is no limit. The limit applies within one
   * ledger, or on one Prefect server.
   * @example concurrencyLimit: 10
   */
  concurrencyLimit?: pulumi.Input<number>;
  /**
   * Work queues by name, each with its priority and limit. By default only the queue `default`, which always exists.
   * @example queues: { urgent: { priority: 1 }, bulk: { priority: 2, concurrencyLimit: 3 } }
   */
  queues?: Record<string, WorkQueueArgs>;
  /**
   * The longest time of a run, in seconds. A run that takes longer is stopped. By default there is no limit.
   * @example timeoutSeconds: 600
   */
  timeoutSeconds?: pulumi.Input<number>;
  /**
   * Labels of the pool itself, in the manifest. Runs get theirs from the job variable labels. By default none.
   * @example labels: { team: "data" }
   */
  labels?: Record<string, pulumi.Input<string>>;
}

/** The names for `declared`. */
export const PROCESS_PUSH_POOL_ARGUMENTS: ArgumentNames<ProcessPushPoolArgs> = {
  workPoolName: "optional",
  jobVariables: "optional",
  baseJobTemplate: "optional",
  isPaused: "optional",
  concurrencyLimit: "nullable",
  queues: "optional",
  timeoutSeconds: "nullable",
  labels: "optional",
};

/**
 * A push work pool of type `process:push`. Its runs are processes of the machine that submits them.
 *
 * ```ts
 * const pool = new ProcessPushPool("local", { concurrencyLimit: 4, jobVariables: { working_dir: __dirname } });
 * ```
 */
export class ProcessPushPool extends pulumi.ComponentResource {
  /**
   * Name of the work pool.
   */
  readonly workPoolName: pulumi.Output<string>;
  /**
   * The value for manifest().
   */
  readonly definition: PushPoolDefinition;

  constructor(name: string, args: ProcessPushPoolArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("ProcessPushPool", name, args, PROCESS_PUSH_POOL_ARGUMENTS);
    const { workPoolName = name, jobVariables = {}, isPaused, concurrencyLimit, queues, timeoutSeconds, labels } = args;
    checkName("workPoolName", workPoolName, of);
    checkLimits(args, of);
    const baseJobTemplate = poolTemplate(args.baseJobTemplate ?? defaultTemplate("process:push"), jobVariables, of);
    super("pushpool:index:ProcessPushPool", name, args, opts);

    this.workPoolName = pulumi.output(workPoolName);
    this.definition = {
      name: workPoolName,
      pool: present({ type: "process:push", baseJobTemplate, isPaused, concurrencyLimit, queues, timeoutSeconds, labels }),
      blocks: {},
    };
    this.registerOutputs({ workPoolName: this.workPoolName });
  }
}
