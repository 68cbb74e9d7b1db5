import type * as pulumi from "@pulumi/pulumi";
import type { ArgumentNames } from "../checks";
import type { AnyJson } from "../json";
import type { Credentials, Permissions } from "../submitting";
import type { WorkQueueArgs } from "../workQueue";
import type { NetworkAccess } from "./runNetwork";

/** Arguments of a `CloudRunPushPool`. Each part that the pool creates can be replaced by an existing one. */
export interface CloudRunPushPoolArgs {
  /**
   * Project in which runs run. By default the provider's (`gcp:project`).
   * @example project: "acme-data"
   */
  project?: pulumi.Input<string>;
  /**
   * Region in which runs run. By default the provider's (`gcp:region`). It excludes the job variable region.
   * @example region: "europe-west1"
   */
  region?: pulumi.Input<string>;
  /**
   * Name of the work pool, by which deployments and prefect.yaml refer to it. By default the component's name.
   * @example workPoolName: "etl"
   */
  workPoolName?: string;
  /**
   * Defaults of the job variables of Prefect's template for Cloud Run: image, cpu, memory, timeout, env, env_from_secrets and so on. A
   * deployment's own replace them, and a run's replace those. Any leaf may be secret. By default the template's defaults hold.
   * @example jobVariables: { image: `${images.url}/etl:1.2`, memory: "1Gi" }
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * A base job template of your own, as a Prefect server has it. It replaces the template for Cloud Run. By default Prefect's own template
   * is used.
   * @example baseJobTemplate: JSON.parse(readFileSync("template.json", "utf8"))
   */
  baseJobTemplate?: Record<string, AnyJson>;
  /**
   * As whom runs are submitted. By default a service account of the pool's own with a key, which some organisations forbid. Ambient makes
   * no key: whoever submits uses their own login, and submitters names them.
   * @example credentials: Credentials.Ambient
   */
  credentials?: Credentials;
  /**
   * A credentials block that exists already, in place of one of the pool's own. The manifest must have it among its blocks. By default the
   * pool makes one. It excludes credentials and serviceAccount.
   * @example credentialsBlock: "gcp-credentials/team"
   */
  credentialsBlock?: string;
  /**
   * E-mail of an existing service account, for which the key is created. By default a new one. It excludes ambient credentials and
   * credentialsBlock.
   * @example serviceAccount: "submitter@acme-data.iam.gserviceaccount.com"
   */
  serviceAccount?: pulumi.Input<string>;
  /**
   * E-mail of a service account that exists already, which runs act as. By default a new one, which may do nothing but run. It excludes the
   * job variable service_account_name.
   * @example runtimeServiceAccount: "flows@acme-data.iam.gserviceaccount.com"
   */
  runtimeServiceAccount?: pulumi.Input<string>;
  /**
   * What those who submit may do in the project. By default documented: Cloud Run Developer, as in Prefect's guide. Least privilege
   * gives what runs take, in the whole project: Google takes no condition on a Job's name.
   * @example permissions: Permissions.LeastPrivilege
   */
  permissions?: Permissions;
  /**
   * Whether those who submit may read the project's logs, without which a run's lines are not shown. By default they may. Prefect's guide
   * leaves it out, as there the run itself sends its log to Prefect.
   * @example logAccess: false
   */
  logAccess?: boolean;
  /**
   * Who else may submit, as IAM names them. With ambient credentials, these are the people who run anything. By default nobody else.
   * @example submitters: ["group:data@acme.com"]
   */
  submitters?: pulumi.Input<string>[];
  /**
   * Environment variables of all runs whose values are kept in Secret Manager, by name. Those of a deployment and of a run replace them. By
   * default none. Secret Manager costs by secret and by access.
   * @example secretEnv: { DATABASE_PASSWORD: config.requireSecret("password") }
   */
  secretEnv?: Record<string, pulumi.Input<string>>;
  /**
   * Prefect API key for the runs, kept in Secret Manager, so that no job has it. By default none. It excludes the job variable
   * prefect_api_key_secret.
   * @example prefectApiKey: config.requireSecret("prefectApiKey")
   */
  prefectApiKey?: pulumi.Input<string>;
  /**
   * Connection names of Cloud SQL instances that runs connect to. The runs' account becomes a Cloud SQL client. By default none. It
   * excludes the job variable cloudsql_instances.
   * @example cloudSqlInstances: ["acme-data:europe-west1:warehouse"]
   */
  cloudSqlInstances?: pulumi.Input<string>[];
  /**
   * How runs get into a new VPC network. By default they are in none. Direct costs nothing while nothing runs; a connector's machines cost
   * all the time. It excludes subnetwork and the job variable vpc_connector_name.
   * @example network: NetworkAccess.Direct
   */
  network?: NetworkAccess;
  /**
   * Name or id of a subnetwork that exists already, for runs to have their addresses in. By default none. It excludes network and the job
   * variable vpc_connector_name.
   * @example subnetwork: "projects/acme-data/regions/europe-west1/subnetworks/flows"
   */
  subnetwork?: pulumi.Input<string>;
  /**
   * Whether to create a Docker repository for the flows' images, the output imageRepository. By default there is none. Artifact Registry charges
   * for what it stores.
   * @example imageRepository: true
   */
  imageRepository?: boolean;
  /**
   * Whether to switch on the APIs of Google Cloud that the pool takes. They stay on when the stack is destroyed. By default they must be on
   * already.
   * @example enableApis: true
   */
  enableApis?: boolean;
  /**
   * Base URLs of services, by name: run, logging. For private endpoints and emulators. By default Google's own.
   * @example endpoints: { run: "https://run.example.internal" }
   */
  endpoints?: Record<string, pulumi.Input<string>>;
  /**
   * Whether runs are held instead of submitted. They start once the pool is no longer paused. By default they are not held.
   * @example isPaused: true
   */
  isPaused?: pulumi.Input<boolean>;
  /**
   * How many runs may be under way at a time; the others wait. 0 holds them all. By default there is no limit. The limit holds within one
   * ledger, or on one Prefect server.
   * @example concurrencyLimit: 10
   */
  concurrencyLimit?: pulumi.Input<number>;
  /**
   * Work queues, by name, each with its priority and limit. By default there is only the queue called default, which is always there.
   * @example queues: { urgent: { priority: 1 }, bulk: { priority: 2, concurrencyLimit: 3 } }
   */
  queues?: Record<string, WorkQueueArgs>;
  /**
   * How long a run may take, in seconds, where its job variables do not say. Cloud Run stops a run that takes longer. By default there is
   * no limit of the pool's.
   * @example timeoutSeconds: 3600
   */
  timeoutSeconds?: pulumi.Input<number>;
  /**
   * Labels of the pool itself, in the manifest. Runs get theirs from the job variable labels. By default none.
   * @example labels: { team: "data" }
   */
  labels?: Record<string, pulumi.Input<string>>;
}

/** For `declared`. */
export const CLOUD_RUN_PUSH_POOL_ARGUMENTS: ArgumentNames<CloudRunPushPoolArgs> = {
  project: "optional",
  region: "optional",
  workPoolName: "optional",
  jobVariables: "optional",
  baseJobTemplate: "optional",
  credentials: "optional",
  credentialsBlock: "optional",
  serviceAccount: "optional",
  runtimeServiceAccount: "optional",
  permissions: "optional",
  logAccess: "optional",
  submitters: "optional",
  secretEnv: "optional",
  prefectApiKey: "optional",
  cloudSqlInstances: "optional",
  network: "optional",
  subnetwork: "optional",
  imageRepository: "optional",
  enableApis: "optional",
  endpoints: "optional",
  isPaused: "optional",
  concurrencyLimit: "nullable",
  queues: "optional",
  timeoutSeconds: "nullable",
  labels: "optional",
};
