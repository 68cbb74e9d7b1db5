import * as pulumi from "@pulumi/pulumi";
import { defaultTemplate, withDefaults } from "../../src/template";
import type { AnyJson, PoolDefinition } from "../poolDefinition";

export interface WorkQueueArgs {
  /** Lower goes first. */
  priority?: pulumi.Input<number>;
  /** Most runs of the queue at a time. Any number by default. */
  concurrencyLimit?: pulumi.Input<number>;
}

export interface ProcessPushPoolArgs {
  /** Name of the work pool, by which deployments and prefect.yaml refer to it. The component's name by default. */
  workPoolName?: string;
  /** Defaults of the pool's job variables (`command`, `env`, `labels`, `name`, `stream_output`, `working_dir`); deployments and runs go over them. */
  jobVariables?: Record<string, AnyJson>;
  /** A base job template of your own, in place of the one for processes. */
  baseJobTemplate?: AnyJson;
  /** Whether runs are held back. False by default. */
  isPaused?: pulumi.Input<boolean>;
  /** Most runs at a time in one ledger. Any number by default. */
  concurrencyLimit?: pulumi.Input<number>;
  /** Work queues beside `default`, by name. */
  queues?: Record<string, WorkQueueArgs>;
  /** Time limit of a run, in seconds. None by default. */
  timeoutSeconds?: pulumi.Input<number>;
  /** Labels of everything that belongs to the pool. */
  labels?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/**
 * A push work pool of type `process:push`: runs are processes of the machine that submits them.
 *
 * ```ts
 * const pool = new ProcessPushPool("local", { concurrencyLimit: 4 });
 * ```
 */
export class ProcessPushPool extends pulumi.ComponentResource {
  /** Name of the work pool. */
  readonly workPoolName: pulumi.Output<string>;
  /** For `manifest()`. */
  readonly definition: AnyJson;

  constructor(name: string, args: ProcessPushPoolArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    super("pushpool:index:ProcessPushPool", name, args, opts);
    const { workPoolName = name, jobVariables = {}, isPaused = false, concurrencyLimit, queues, timeoutSeconds, labels } = args;
    refuseLess("concurrencyLimit", concurrencyLimit, 0, this);
    refuseLess("timeoutSeconds", timeoutSeconds, 1, this);
    const template = args.baseJobTemplate ?? defaultTemplate("process:push");

    this.workPoolName = pulumi.output(workPoolName);
    const definition: PoolDefinition = {
      name: workPoolName,
      pool: {
        type: "process:push",
        baseJobTemplate: withDefaultsOrThrow(template, jobVariables, this),
        isPaused,
        concurrencyLimit: concurrencyLimit ?? null,
        ...(queues ? { queues } : {}),
        timeoutSeconds: timeoutSeconds ?? null,
        ...(labels ? { labels } : {}),
      },
      blocks: {},
    };
    this.definition = definition;
    this.registerOutputs({ workPoolName: this.workPoolName });
  }
}

/** What is known while the program runs is judged at once; an output is judged when the manifest is read. */
function refuseLess(field: string, value: pulumi.Input<number> | undefined, least: number, pool: pulumi.Resource): void {
  if (typeof value === "number" && (!Number.isInteger(value) || value < least)) {
    throw new pulumi.ResourceError(`${field} must be a whole number of at least ${least}, not ${value}`, pool);
  }
}

function withDefaultsOrThrow(template: AnyJson, jobVariables: Record<string, AnyJson>, pool: pulumi.Resource): AnyJson {
  try {
    return withDefaults(template, jobVariables);
  } catch (error) {
    throw new pulumi.ResourceError((error as Error).message, pool);
  }
}
