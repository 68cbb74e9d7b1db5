import type * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../json";
import type { Credentials, Permissions } from "../submitting";
import type { WorkQueueArgs } from "../workQueue";
import type { NetworkAccess } from "./runNetwork";

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
   * Environment variables of all runs whose values are kept in Secret Manager, by name; over them go those of a deployment and of a run.
   */
  secretEnv?: Record<string, pulumi.Input<string>>;
  /**
   * Prefect API key for the runs, kept in Secret Manager: it then stands in no job.
   */
  prefectApiKey?: pulumi.Input<string>;
  /**
   * Connection names of Cloud SQL instances that runs connect to, as project:region:instance. The runs' account becomes a Cloud SQL client.
   */
  cloudSqlInstances?: pulumi.Input<string>[];
  /**
   * A VPC network for the runs, made anew, and how they get into it. None by default. For a connector that is there already give the job
   * variable vpc_connector_name.
   */
  network?: NetworkAccess;
  /**
   * Name or id of a subnetwork that is there already, for runs to have their addresses in.
   */
  subnetwork?: pulumi.Input<string>;
  /**
   * Whether to make a Docker repository for the flows' images, the output imageRepository. By default none is made.
   */
  imageRepository?: boolean;
  /**
   * Whether to switch on the APIs of Google Cloud that all this takes. By default they are on already.
   */
  enableApis?: boolean;
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
