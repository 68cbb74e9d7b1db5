import type * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import type { ArgumentNames } from "../checks";
import type { FederationArgs } from "../federation";
import type { ImageBuildArgs } from "../imageBuild";
import type { KeyRotationArgs } from "../keyRotation";
import { PUSH_POOL_ARGUMENTS, type PushPoolArgs } from "../pushPoolArgs";
import type { Credentials, Permissions } from "../submitting";
import type { NetworkAccess } from "./runNetwork";

/** Arguments of a `CloudRunPushPool`. Each part that the pool creates can be replaced by an existing one. */
export interface CloudRunPushPoolArgs extends PushPoolArgs {
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
   * Defaults of the job variables of Prefect's template for Cloud Run: image, cpu, memory, timeout, env, env_from_secrets and so on. Those
   * of a deployment override them, and those of a run override both. Any value may be secret. By default the template's defaults apply.
   * @example jobVariables: { image: `${images.url}/etl:1.2`, memory: "1Gi" }
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * Who submits runs. By default key: the pool makes a service account with a key. With federated it makes one without a key. Those that
   * federation names submit as this service account. With ambient it makes neither. Everybody submits with their own login, and submitters
   * lists who may.
   * @example credentials: Credentials.Federated
   */
  credentials?: Credentials;
  /**
   * Who may submit without a key, with federated credentials: the jobs of a repository, a workload, logins. By default nobody.
   * @example federation: { github: { repository: "acme/etl", branch: "main" } }
   */
  federation?: FederationArgs;
  /**
   * An existing credentials block, in place of a new one. The manifest must contain it in its blocks. By default the pool makes one. It
   * excludes credentials and serviceAccount.
   * @example credentialsBlock: "gcp-credentials/team"
   */
  credentialsBlock?: string;
  /**
   * E-mail of an existing service account that submits: the key or the trust is created for it. By default a new one. It excludes ambient
   * credentials and credentialsBlock.
   * @example serviceAccount: "submitter@acme-data.iam.gserviceaccount.com"
   */
  serviceAccount?: pulumi.Input<string>;
  /**
   * How the key changes: after everyDays, `up` makes a new one, and after overlapDays it removes the old one. By default the key stays. It
   * excludes ambient credentials and credentialsBlock.
   * @example keyRotation: { everyDays: 90, overlapDays: 7 }
   */
  keyRotation?: KeyRotationArgs;
  /**
   * E-mail of an existing service account for runs. By default a new one, which has no permissions. It excludes the job variable
   * service_account_name.
   * @example runtimeServiceAccount: "flows@acme-data.iam.gserviceaccount.com"
   */
  runtimeServiceAccount?: pulumi.Input<string>;
  /**
   * The permissions in the project of those who submit. By default documented: Cloud Run Developer, as in Prefect's guide. Least privilege
   * allows only what runs need, but in the whole project: Google has no condition on the name of a job.
   * @example permissions: Permissions.LeastPrivilege
   */
  permissions?: Permissions;
  /**
   * Whether those who submit may read the project's logs. Without that, pushpool cannot show the output of a run. By default they may.
   * Prefect's guide does not grant this, because there the run itself sends its log to Prefect.
   * @example logAccess: false
   */
  logAccess?: boolean;
  /**
   * Who else may submit, in the format of IAM. With ambient credentials, nobody else can run anything. By default nobody.
   * @example submitters: ["group:data@acme.com"]
   */
  submitters?: pulumi.Input<string>[];
  /**
   * Environment variables of all runs by name, with values that are kept in Secret Manager. Those of a deployment and of a run override
   * them. By default none. Secret Manager charges for each secret and each access.
   * @example secretEnv: { DATABASE_PASSWORD: config.requireSecret("password") }
   */
  secretEnv?: Record<string, pulumi.Input<string>>;
  /**
   * Prefect API key for the runs, kept in Secret Manager, so that no job contains it. By default none. It excludes the job variable
   * prefect_api_key_secret.
   * @example prefectApiKey: config.requireSecret("prefectApiKey")
   */
  prefectApiKey?: pulumi.Input<string>;
  /**
   * Connection names of Cloud SQL instances to which runs connect. The service account of runs becomes a Cloud SQL client. By default none.
   * It excludes the job variable cloudsql_instances.
   * @example cloudSqlInstances: ["acme-data:europe-west1:warehouse"]
   */
  cloudSqlInstances?: pulumi.Input<string>[];
  /**
   * Puts runs into a new VPC network, and says how they get into it. By default they are in none. Direct costs nothing while nothing runs;
   * the machines of a connector cost money all the time. It excludes subnetwork and the job variable vpc_connector_name.
   * @example network: NetworkAccess.Direct
   */
  network?: NetworkAccess;
  /**
   * Name or id of an existing subnetwork, in which runs get their addresses. By default none. It excludes network and the job variable
   * vpc_connector_name.
   * @example subnetwork: "projects/acme-data/regions/europe-west1/subnetworks/flows"
   */
  subnetwork?: pulumi.Input<string>;
  /**
   * Whether to create a Docker repository for the images of flows: the output imageRepository. By default there is none. Artifact Registry
   * charges for what it stores.
   * @example imageRepository: true
   */
  imageRepository?: boolean;
  /**
   * An image to build and push on each `up`, for the runs of this pool. It goes to the pool's repository, which is made if `image.repository` is not given. By default runs use the job variable image.
   * It needs `npm install @pulumi/docker-build` and Docker. It excludes the job variable image.
   * @example image: { context: __dirname }
   */
  image?: ImageBuildArgs;
  /**
   * Whether to enable the APIs of Google Cloud that the pool needs. They stay enabled when the stack is destroyed. By default they must be
   * enabled already.
   * @example enableApis: true
   */
  enableApis?: boolean;
  /**
   * Base URLs of services by name: run, logging, sts, iamcredentials, and for keys that change token and iam. For private endpoints and emulators.
   * By default those of Google.
   * @example endpoints: { run: "https://run.example.internal" }
   */
  endpoints?: Record<string, pulumi.Input<string>>;
  /**
   * The longest time of a run, in seconds. The job variable timeout overrides it. Cloud Run stops a run that takes longer. By default the
   * pool has no limit.
   * @example timeoutSeconds: 3600
   */
  timeoutSeconds?: pulumi.Input<number>;
}

/** The names for `declared`. */
export const CLOUD_RUN_PUSH_POOL_ARGUMENTS: ArgumentNames<CloudRunPushPoolArgs> = {
  ...PUSH_POOL_ARGUMENTS,
  project: "optional",
  region: "optional",
  jobVariables: "optional",
  credentials: "optional",
  federation: "optional",
  credentialsBlock: "optional",
  serviceAccount: "optional",
  keyRotation: "optional",
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
  image: "optional",
  enableApis: "optional",
  endpoints: "optional",
  timeoutSeconds: "nullable",
};
