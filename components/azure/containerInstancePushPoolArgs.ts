import type * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import type { ArgumentNames } from "../checks";
import type { FederationArgs } from "../federation";
import type { ImageBuildArgs } from "../imageBuild";
import type { KeyRotationArgs } from "../keyRotation";
import { PUSH_POOL_ARGUMENTS, type PushPoolArgs } from "../pushPoolArgs";
import type { Credentials, Permissions } from "../submitting";
import type { RunSubnetAccess } from "./runSubnet";

/** Arguments of a `ContainerInstancePushPool`. Each part that the pool creates can be replaced by an existing one. */
export interface ContainerInstancePushPoolArgs extends PushPoolArgs {
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
   * Defaults of the job variables of Prefect's template for Container Instances: image, cpu, memory, env, dns_servers and so on. Those
   * of a deployment override them, and those of a run override both. Any value may be secret. By default the template's defaults apply.
   * @example jobVariables: { image: `${images.loginServer}/etl:1.2`, cpu: 1, memory: 2 }
   */
  jobVariables?: Record<string, AnyJson>;
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
   * An existing credentials block, in place of a new one. The manifest must contain it in its blocks. By default the pool makes one. It
   * excludes credentials and clientId.
   * @example credentialsBlock: "azure-container-instance-credentials/team"
   */
  credentialsBlock?: string;
  /**
   * Client id of an existing application, for which the secret or the trust is created. By default a new one. It excludes ambient credentials
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
   * Any string. If it changes, `up` makes a new secret, and then deletes the old one. By default the secret stays.
   * @example secretVersion: "2027-01"
   */
  secretVersion?: string;
  /**
   * The permissions of those who submit. By default documented: Azure Container Instances Contributor on the resource group, and a
   * built-in role of Azure on each identity, subnet and workspace of the runs. Least privilege allows only what the runs of the pool need, with
   * custom roles.
   * @example permissions: Permissions.LeastPrivilege
   */
  permissions?: Permissions;
  /**
   * Who else may submit: users, groups and service principals, each with its object id. With ambient credentials, nobody else can run
   * anything. By default nobody.
   * @example submitters: ["group/6f0b2b1e-3d8c-4a5e-9f40-1c2d3e4f5a6b"]
   */
  submitters?: pulumi.Input<string>[];
  /**
   * Name of an existing resource group. By default a new one, on which those who submit have their permissions. It excludes the
   * job variable resource_group_name.
   * @example resourceGroupName: "flows"
   */
  resourceGroupName?: pulumi.Input<string>;
  /**
   * Whether to create a registry for the images of flows (the output imageRepository), and an identity with which runs read it. By default
   * there is none. Azure charges for a registry by the day, even when nothing runs. It excludes registryId and the job variable image_registry.
   * @example imageRepository: true
   */
  imageRepository?: boolean;
  /**
   * Id of an existing registry, which runs read with an identity. By default none: runs then read public images. It excludes
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
   * Id of an existing identity with which runs read the registry; it needs registryId or imageRepository. It must already have AcrPull on an
   * existing registry. By default a new one with AcrPull on the registry.
   * @example pullIdentityId: "/subscriptions/…/resourceGroups/shared/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pull"
   */
  pullIdentityId?: pulumi.Input<string>;
  /**
   * Ids of existing identities, with the permissions of flows in Azure. By default flows have none, and may do nothing in Azure.
   * It excludes the job variable identities.
   * @example identityIds: [flows.id]
   */
  identityIds?: pulumi.Input<string>[];
  /**
   * How runs reach the internet from a virtual network that the pool makes. By default it makes none, which costs nothing. A NAT gateway costs
   * money even when nothing runs. It excludes subnetId and the job variable subnet_ids.
   * @example network: RunSubnetAccess.PrivateNat
   */
  network?: RunSubnetAccess;
  /**
   * Id of an existing subnet, delegated to Microsoft.ContainerInstance/containerGroups. By default none. It excludes network
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
   * Id of an existing Log Analytics workspace. By default none. It excludes logAnalytics and logRetentionDays.
   * @example logWorkspaceId: "/subscriptions/…/resourceGroups/shared/providers/Microsoft.OperationalInsights/workspaces/flows"
   */
  logWorkspaceId?: pulumi.Input<string>;
  /**
   * How many days the new workspace stores lines, from 30 to 730; it needs logAnalytics. By default 30.
   * @example logRetentionDays: 90
   */
  logRetentionDays?: number;
  /**
   * Environment variables of all runs by name, whose values Azure shows to nobody. They are stored in a block of type secret. Those of a
   * deployment and of a run override them. By default none. If Prefect Cloud submits the runs, it sends them to Azure in plain text.
   * @example secretEnv: { DATABASE_PASSWORD: config.requireSecret("password") }
   */
  secretEnv?: Record<string, pulumi.Input<string>>;
  /**
   * Prefect API key for the runs, stored in a block of type secret. By default none.
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
   * Base URLs of services by name: management, login, logs, graph (for keyRotation) and registry (for image). For private endpoints and
   * emulators. By default those of Azure.
   * @example endpoints: { management: "https://arm.example.internal" }
   */
  endpoints?: Record<string, pulumi.Input<string>>;
  /**
   * Time limit of a run, in seconds. Azure has none: the process that watches the run stops it. By default there is no limit.
   * @example timeoutSeconds: 3600
   */
  timeoutSeconds?: pulumi.Input<number>;
}

/** For `declared`. */
export const CONTAINER_INSTANCE_PUSH_POOL_ARGUMENTS: ArgumentNames<ContainerInstancePushPoolArgs> = {
  ...PUSH_POOL_ARGUMENTS,
  subscriptionId: "optional",
  location: "optional",
  jobVariables: "optional",
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
  timeoutSeconds: "nullable",
};
