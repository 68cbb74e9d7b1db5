import type * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import type { ArgumentNames } from "../checks";
import type { FederationArgs } from "../federation";
import type { ImageBuildArgs } from "../imageBuild";
import type { KeyRotationArgs } from "../keyRotation";
import type { Credentials, Permissions } from "../submitting";
import type { WorkQueueArgs } from "../workQueue";
import type { RunSubnetAccess } from "./runSubnet";

/** Arguments of a `ContainerInstancePushPool`. Each part that the pool creates can be replaced by an existing one. */
export interface ContainerInstancePushPoolArgs {
  /**
   * Subscription in which runs run. By default the provider's (`azure-native:subscriptionId`). It excludes the job variable
   * subscription_id.
   * @example subscriptionId: "9d3c1f0a-5b7e-4c2d-8e6f-0a1b2c3d4e5f"
   */
  subscriptionId?: pulumi.Input<string>;
  /**
   * Where the parts are that the pool creates. Runs run where their resource group is. By default the provider's location
   * (`azure-native:location`).
   * @example location: "westeurope"
   */
  location?: pulumi.Input<string>;
  /**
   * Name of the work pool, by which deployments and prefect.yaml refer to it. By default the component's name.
   * @example workPoolName: "etl"
   */
  workPoolName?: string;
  /**
   * Defaults of the job variables of Prefect's template for Container Instances: image, cpu, memory, env, dns_servers and so on. A
   * deployment's own replace them, and a run's replace those. Any leaf may be secret. By default the template's defaults hold.
   * @example jobVariables: { image: `${images.loginServer}/etl:1.2`, cpu: 1, memory: 2 }
   */
  jobVariables?: Record<string, AnyJson>;
  /**
   * A base job template of your own, as a Prefect server has it. It replaces the template for Container Instances. By default Prefect's own
   * template is used.
   * @example baseJobTemplate: JSON.parse(readFileSync("template.json", "utf8"))
   */
  baseJobTemplate?: Record<string, AnyJson>;
  /**
   * Who submits runs. By default key: the pool makes a service principal with a secret. With federated it makes one without a secret. Those
   * that federation names submit as this service principal. With ambient it makes neither. Everybody submits with their own login, and
   * submitters lists who may.
   * @example credentials: Credentials.Ambient
   */
  credentials?: Credentials;
  /**
   * Who may submit without a secret, with federated credentials: the jobs of a repository, a workload. Azure compares whole subjects, at most
   * 20. By default nobody.
   * @example federation: { github: { repository: "acme/etl", branch: "main" } }
   */
  federation?: FederationArgs;
  /**
   * A credentials block that exists already, in place of one of the pool's own. The manifest must have it among its blocks. By default the
   * pool makes one. It excludes credentials and clientId.
   * @example credentialsBlock: "azure-container-instance-credentials/team"
   */
  credentialsBlock?: string;
  /**
   * Client id of an application that exists already, for which the secret or the trust is created. By default a new one. It excludes ambient credentials
   * and credentialsBlock.
   * @example clientId: "0c8e7d6f-2a1b-4f3e-9d5c-6b7a8f9e0d1c"
   */
  clientId?: pulumi.Input<string>;
  /**
   * How the key changes: after everyDays, `up` makes a new one, and after overlapDays it removes the old one. By default the key stays. It
   * excludes ambient credentials and credentialsBlock.
   * @example keyRotation: { everyDays: 90, overlapDays: 7 }
   */
  keyRotation?: KeyRotationArgs;
  /**
   * When the secret ends, as a time in UTC. By default two years after it was made. Another value makes a new secret.
   * @example secretEndDate: "2027-06-30T00:00:00Z"
   */
  secretEndDate?: string;
  /**
   * Any text. Another one makes a new secret, and the old one goes once the new one has taken its place. By default the secret stays.
   * @example secretVersion: "2027-01"
   */
  secretVersion?: string;
  /**
   * The permissions of those who submit. By default documented: Azure Container Instances Contributor on the resource group, and a role of
   * Azure's own on each thing that runs have. Least privilege gives what the pool's runs take, by roles of the pool's own.
   * @example permissions: Permissions.LeastPrivilege
   */
  permissions?: Permissions;
  /**
   * Who else may submit: users, groups and service principals, each with its object id. With ambient credentials, these are the people who
   * run anything. By default nobody else.
   * @example submitters: ["group/6f0b2b1e-3d8c-4a5e-9f40-1c2d3e4f5a6b"]
   */
  submitters?: pulumi.Input<string>[];
  /**
   * Name of a resource group that exists already. By default a new one, on which those who submit have their permissions. It excludes the
   * job variable resource_group_name.
   * @example resourceGroupName: "flows"
   */
  resourceGroupName?: pulumi.Input<string>;
  /**
   * Whether to create a registry for the flows' images, the output imageRepository, and an identity by which runs read it. By default there
   * is none. Azure Container Registry costs by the day. It excludes registryId and the job variable image_registry.
   * @example imageRepository: true
   */
  imageRepository?: boolean;
  /**
   * Id of a registry that exists already, which runs read by an identity. By default none: runs then read public images. It excludes
   * imageRepository and the job variable image_registry.
   * @example registryId: "/subscriptions/…/resourceGroups/shared/providers/Microsoft.ContainerRegistry/registries/acme"
   */
  registryId?: pulumi.Input<string>;
  /**
   * An image to build and push on each `up`, for the runs of this pool. It goes to the registry of registryId; without one, the pool makes a registry. By default runs use the job variable image.
   * It needs `npm install @pulumi/docker-build` and Docker. It excludes the job variables image and
   * image_registry.
   * @example image: { context: __dirname }
   */
  image?: ImageBuildArgs;
  /**
   * Id of an identity that exists already, by which runs read the registry; it needs registryId or imageRepository. An existing registry
   * must let it in already. By default a new one with AcrPull on the registry.
   * @example pullIdentityId: "/subscriptions/…/resourceGroups/shared/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pull"
   */
  pullIdentityId?: pulumi.Input<string>;
  /**
   * Ids of identities that exist already, which flows have for what they do in Azure. By default flows have none, and may do nothing there.
   * It excludes the job variable identities.
   * @example identityIds: [flows.id]
   */
  identityIds?: pulumi.Input<string>[];
  /**
   * How runs get out of the virtual network that is made for them. By default they are in none, which costs nothing while nothing runs. A
   * NAT gateway costs all the time. It excludes subnetId and the job variable subnet_ids.
   * @example network: RunSubnetAccess.PrivateNat
   */
  network?: RunSubnetAccess;
  /**
   * Id of a subnet that exists already and is delegated to Microsoft.ContainerInstance/containerGroups. By default none. It excludes network
   * and the job variable subnet_ids.
   * @example subnetId: "/subscriptions/…/resourceGroups/shared/providers/Microsoft.Network/virtualNetworks/hub/subnets/runs"
   */
  subnetId?: pulumi.Input<string>;
  /**
   * Whether to create a Log Analytics workspace that stores the output of runs. By default, pushpool creates none: the process that watches a run stores its log.
   * Log Analytics charges for the data that runs write. It excludes logWorkspaceId.
   * @example logAnalytics: true
   */
  logAnalytics?: boolean;
  /**
   * Id of a Log Analytics workspace that exists already. By default none. It excludes logAnalytics and logRetentionDays.
   * @example logWorkspaceId: "/subscriptions/…/resourceGroups/shared/providers/Microsoft.OperationalInsights/workspaces/flows"
   */
  logWorkspaceId?: pulumi.Input<string>;
  /**
   * For how many days the new workspace keeps lines, from 30 to 730; it needs logAnalytics. By default 30.
   * @example logRetentionDays: 90
   */
  logRetentionDays?: number;
  /**
   * Environment variables of all runs whose values Azure shows to nobody, by name. They are kept in a block of type secret, and those of a
   * deployment and of a run replace them. By default none. Prefect Cloud's own dispatcher passes them to Azure in clear.
   * @example secretEnv: { DATABASE_PASSWORD: config.requireSecret("password") }
   */
  secretEnv?: Record<string, pulumi.Input<string>>;
  /**
   * Prefect API key for the runs, kept in a block of type secret. By default none.
   * @example prefectApiKey: config.requireSecret("prefectApiKey")
   */
  prefectApiKey?: pulumi.Input<string>;
  /**
   * Whether to register Microsoft.ContainerInstance with the subscription. It stays registered when the stack is destroyed. By default it
   * must be registered already.
   * @example registerProvider: true
   */
  registerProvider?: boolean;
  /**
   * Base URLs of services, by name: management, login, logs, graph for keys that change, and registry for the login with which image is pushed. For private endpoints and emulators. By default Azure's own.
   * @example endpoints: { management: "https://arm.example.internal" }
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
   * How long a run may take, in seconds. Azure has no limit of its own: whoever watches the run stops it. By default there is no limit.
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
export const CONTAINER_INSTANCE_PUSH_POOL_ARGUMENTS: ArgumentNames<ContainerInstancePushPoolArgs> = {
  subscriptionId: "optional",
  location: "optional",
  workPoolName: "optional",
  jobVariables: "optional",
  baseJobTemplate: "optional",
  credentials: "optional",
  federation: "optional",
  credentialsBlock: "optional",
  clientId: "optional",
  keyRotation: "optional",
  secretEndDate: "optional",
  secretVersion: "optional",
  permissions: "optional",
  submitters: "optional",
  resourceGroupName: "optional",
  imageRepository: "optional",
  registryId: "optional",
  image: "optional",
  pullIdentityId: "optional",
  identityIds: "optional",
  network: "optional",
  subnetId: "optional",
  logAnalytics: "optional",
  logWorkspaceId: "optional",
  logRetentionDays: "optional",
  secretEnv: "optional",
  prefectApiKey: "optional",
  registerProvider: "optional",
  endpoints: "optional",
  isPaused: "optional",
  concurrencyLimit: "nullable",
  queues: "optional",
  timeoutSeconds: "nullable",
  labels: "optional",
};
