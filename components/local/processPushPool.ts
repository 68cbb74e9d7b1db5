import * as pulumi from "@pulumi/pulumi";
import { defaultTemplate } from "../../src/template";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, checkLimits, checkName, declared } from "../checks";
import { type PushPoolDefinition, present } from "../definitions";
import { poolTemplate } from "../poolTemplate";
import { PUSH_POOL_ARGUMENTS, type PushPoolArgs } from "../pushPoolArgs";

/** Arguments of a `ProcessPushPool`. */
export interface ProcessPushPoolArgs extends PushPoolArgs {
  /**
   * Defaults of the job variables: command, env, labels, name, stream_output, working_dir. Those of a deployment override them, and those
   * of a run override both. Any value may be secret. By default the template's defaults apply.
   * @example jobVariables: { working_dir: __dirname, env: { REGION: "eu" } }
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * The longest time of a run, in seconds. A run that takes longer is stopped. By default there is no limit.
   * @example timeoutSeconds: 600
   */
  timeoutSeconds?: pulumi.Input<number>;
}

/** The names for `declared`. */
export const PROCESS_PUSH_POOL_ARGUMENTS: ArgumentNames<ProcessPushPoolArgs> = {
  ...PUSH_POOL_ARGUMENTS,
  jobVariables: "optional",
  timeoutSeconds: "nullable",
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
