import * as pulumi from "@pulumi/pulumi";
import { defaultTemplate } from "../../src/template";
import { checkLimits, checkName, declared } from "../checks";
import { type PushPoolDefinition, present } from "../definitions";
import type { AnyJson } from "../json";
import { poolTemplate } from "../poolTemplate";
import type { WorkQueueArgs } from "../workQueue";

export interface ProcessPushPoolArgs {
  /**
   * Name of the work pool, by which deployments and prefect.yaml refer to it. By default the component's name.
   */
  workPoolName?: string;
  /**
   * Defaults of the job variables: command, env, labels, name, stream_output, working_dir. A deployment's own go over them, and a run's
   * over those. Any leaf may be secret.
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * A base job template of your own, as a Prefect server has it, in place of the one for processes.
   */
  baseJobTemplate?: Record<string, AnyJson>;
  /**
   * Whether runs are held instead of submitted. By default they are not.
   */
  isPaused?: pulumi.Input<boolean>;
  /**
   * How many runs at a time. Any number by default; 0 holds them all.
   */
  concurrencyLimit?: pulumi.Input<number>;
  /**
   * Work queues beside the one called default, by name.
   */
  queues?: Record<string, WorkQueueArgs>;
  /**
   * How long a run may take, in seconds. Any time by default.
   */
  timeoutSeconds?: pulumi.Input<number>;
  /**
   * Labels of the pool's own.
   */
  labels?: Record<string, pulumi.Input<string>>;
}

/**
 * A push work pool of type `process:push`: its runs are processes of the machine that submits them.
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
   * What manifest() takes.
   */
  readonly definition: PushPoolDefinition;

  constructor(name: string, args: ProcessPushPoolArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("ProcessPushPool", name);
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
