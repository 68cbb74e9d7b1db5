import * as pulumi from "@pulumi/pulumi";
import { defaultTemplate } from "../../src/template";
import { checkLimits, checkName, refuse } from "../checks";
import { type PushPoolDefinition, present } from "../definitions";
import type { AnyJson } from "../json";
import { poolTemplate } from "../poolTemplate";
import type { WorkQueueArgs } from "../workQueue";
import { checkAccount, checkChoice, checkExclusive, partOf, placeOf } from "./checks";
import { GcpCredentialsBlock } from "./gcpCredentialsBlock";
import { PushServiceAccount } from "./pushServiceAccount";
import { RuntimeServiceAccount } from "./runtimeServiceAccount";
import { Permissions, SubmitAccess } from "./submitAccess";

/** As whom runs are submitted. */
export const Credentials = {
  /** A service account of the pool's own with a JSON key, as Prefect's guide has it. */
  Key: "key",
  /** Whoever submits, as that machine is logged in to Google Cloud. There is no key anywhere. */
  Ambient: "ambient",
} as const;
export type Credentials = (typeof Credentials)[keyof typeof Credentials];

export interface CloudRunPushPoolArgs {
  /**
   * Project in which runs run. By default the provider's (`gcp:project`).
   */
  project?: pulumi.Input<string>;
  /**
   * Region in which runs run, as europe-west1. By default the provider's (`gcp:region`).
   */
  region?: pulumi.Input<string>;
  /**
   * Name of the work pool, by which deployments and prefect.yaml refer to it. By default the component's name.
   */
  workPoolName?: string;
  /**
   * Defaults of the job variables of Prefect's template for Cloud Run: image, cpu, memory, timeout, env, env_from_secrets and so on. A
   * deployment's own go over them, and a run's over those. Any leaf may be secret.
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * A base job template of your own, as a Prefect server has it, in place of the one for Cloud Run.
   */
  baseJobTemplate?: Record<string, AnyJson>;
  /**
   * As whom runs are submitted. By default with a key of the pool's own, which some organisations forbid; ambient takes none.
   */
  credentials?: Credentials;
  /**
   * A credentials block that is there already, as gcp-credentials/NAME, in place of one of the pool's own. The manifest has to have it.
   */
  credentialsBlock?: string;
  /**
   * E-mail of the service account to make the key for. By default a new one.
   */
  serviceAccount?: pulumi.Input<string>;
  /**
   * E-mail of the service account that runs act as. By default a new one, which may do nothing but run.
   */
  runtimeServiceAccount?: pulumi.Input<string>;
  /**
   * What those who submit may do in the project. Documented by default.
   */
  permissions?: Permissions;
  /**
   * Whether those who submit may read the project's logs, without which a run's lines are not shown. By default they may: Prefect's guide
   * leaves it out, as there the run itself sends its log to Prefect.
   */
  logAccess?: boolean;
  /**
   * Who else may submit, as IAM names them: user:ada@acme.com, group:data@acme.com. With ambient credentials, those who are to run anything.
   */
  submitters?: pulumi.Input<string>[];
  /**
   * Base URLs of services, by name: run, logging. For private endpoints and emulators.
   */
  endpoints?: Record<string, pulumi.Input<string>>;
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
   * How long a run may take, in seconds, where its job variables do not say. Any time by default.
   */
  timeoutSeconds?: pulumi.Input<number>;
  /**
   * Labels of the pool's own.
   */
  labels?: Record<string, pulumi.Input<string>>;
}

/** Arguments that each decide what the other would. */
const EXCLUSIVE = [
  ["region", "jobVariables.region", "give the region once"],
  ["runtimeServiceAccount", "jobVariables.service_account_name", "give the account that runs act as once"],
  ["credentialsBlock", "credentials", "a given block has its credentials already"],
  ["credentialsBlock", "serviceAccount", "a given block has its service account already"],
] as const;

/**
 * A push work pool of type `cloud-run-v2:push`: its runs are executions of Cloud Run jobs.
 *
 * ```ts
 * const etl = new CloudRunPushPool("etl", { project: "acme", region: "europe-west1", jobVariables: { image: "…/etl:1.2", memory: "1Gi" } });
 * ```
 */
export class CloudRunPushPool extends pulumi.ComponentResource {
  /**
   * Name of the work pool.
   */
  readonly workPoolName: pulumi.Output<string>;
  /**
   * E-mail of the service account that runs act as: give it what flows need.
   */
  readonly runtimeServiceAccount: pulumi.Output<string>;
  /**
   * E-mail of the service account by which runs are submitted. Absent with ambient credentials and with a given block.
   */
  readonly pushServiceAccount: pulumi.Output<string> | undefined;
  /**
   * What manifest() takes.
   */
  readonly definition: PushPoolDefinition;

  constructor(name: string, args: CloudRunPushPoolArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    super("pushpool:index:CloudRunPushPool", name, args, opts);
    const project = placeOf("project", args.project, this);
    const { workPoolName = name, jobVariables = {}, isPaused, concurrencyLimit, queues, timeoutSeconds, labels, endpoints } = args;
    checkExclusive(args, EXCLUSIVE, this);
    const region = jobVariables.region ?? placeOf("region", args.region, this);
    checkName("workPoolName", workPoolName, this);
    checkLimits(args, this);
    checkCredentials(args, this);
    checkAccount("runtimeServiceAccount", args.runtimeServiceAccount, project, this);
    checkAccount("serviceAccount", args.serviceAccount, project, this);
    const options = partOf(this, opts);

    const runtime: pulumi.Input<string> =
      args.runtimeServiceAccount ??
      jobVariables.service_account_name ??
      new RuntimeServiceAccount(`${name}-run`, { project }, options).email;
    const { block, push } = this.#credentials(name, args, project, runtime, options);
    const variables = { region, service_account_name: runtime, ...jobVariables };
    const baseJobTemplate = poolTemplate(args.baseJobTemplate ?? defaultTemplate("cloud-run-v2:push"), variables, this);

    this.workPoolName = pulumi.output(workPoolName);
    this.runtimeServiceAccount = pulumi.output(runtime);
    this.pushServiceAccount = push?.email;
    this.definition = {
      name: workPoolName,
      pool: present({
        type: "cloud-run-v2:push",
        baseJobTemplate,
        credentials: block?.blockKey ?? args.credentialsBlock,
        isPaused,
        concurrencyLimit,
        queues,
        timeoutSeconds,
        labels,
        endpoints,
      }),
      blocks: block ? { [block.blockKey]: block.definition } : {},
    };
    this.registerOutputs({
      workPoolName: this.workPoolName,
      runtimeServiceAccount: this.runtimeServiceAccount,
      pushServiceAccount: this.pushServiceAccount,
    });
  }

  /** The block by which runs are submitted, with the account behind it, and what others need to submit by their own login. */
  #credentials(
    name: string,
    args: CloudRunPushPoolArgs,
    project: pulumi.Input<string>,
    runtimeServiceAccount: pulumi.Input<string>,
    options: pulumi.ComponentResourceOptions,
  ): { block?: GcpCredentialsBlock; push?: PushServiceAccount } {
    const { credentials = Credentials.Key, credentialsBlock, serviceAccount, permissions, logAccess, submitters, workPoolName } = args;
    const access = { project, runtimeServiceAccount, permissions, logAccess };
    if (submitters?.length) new SubmitAccess(`${name}-submitters`, { ...access, members: submitters }, options);
    if (credentialsBlock !== undefined) return {};
    const blockArgs = { project, blockName: workPoolName ?? name };
    // Without a key it still tells the project, which a login does not always know.
    if (credentials === Credentials.Ambient) return { block: new GcpCredentialsBlock(`${name}-credentials`, blockArgs, options) };
    const push = new PushServiceAccount(`${name}-push`, { ...access, serviceAccount }, options);
    const key = { serviceAccountInfo: push.key, keyCreatedAt: push.keyCreatedAt };
    return { push, block: new GcpCredentialsBlock(`${name}-credentials`, { ...blockArgs, ...key }, options) };
  }
}

function checkCredentials(args: CloudRunPushPoolArgs, pool: pulumi.Resource): void {
  const { credentials, credentialsBlock, permissions, serviceAccount } = args;
  checkChoice("credentials", credentials, Credentials, pool);
  checkChoice("permissions", permissions, Permissions, pool);
  if (credentialsBlock !== undefined && !/^gcp-credentials\/[^/%&<>]+$/.test(credentialsBlock))
    refuse(`credentialsBlock "${credentialsBlock}" must name a block of type gcp-credentials, as gcp-credentials/etl`, pool);
  if (credentials === Credentials.Ambient && serviceAccount !== undefined)
    refuse(
      "credentials ambient and serviceAccount exclude each other: with ambient nothing is made for an account; list it in submitters",
      pool,
    );
}
