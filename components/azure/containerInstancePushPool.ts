import { getUserAssignedIdentityOutput } from "@pulumi/azure-native/managedidentity/getUserAssignedIdentity";
import * as pulumi from "@pulumi/pulumi";
import { defaultTemplate } from "../../src/template";
import type { AnyJson } from "../anyJson";
import { type Declared, declared, partOf } from "../checks";
import { type PushPoolDefinition, present } from "../definitions";
import type { Trust } from "../federation";
import { checkPoolTemplate, withDefaults } from "../poolTemplate";
import { longestRunOf } from "../rotatingKeys";
import { blockNameOf, Credentials, withSecretsMarked } from "../submitting";
import { locationOf, subscriptionOf } from "./azureChecks";
import { azureCloud } from "./azureCloud";
import { azureCredentials, BLOCK_TYPE } from "./azureCredentialsBlock";
import { CONTAINER_INSTANCE_PUSH_POOL_ARGUMENTS, type ContainerInstancePushPoolArgs } from "./containerInstancePushPoolArgs";
import { containerRegistry } from "./containerRegistry";
import { letSubmit, memberOf } from "./containerSubmitAccess";
import { federatedPrincipal } from "./federatedServicePrincipal";
import { checkPlaceOfGroup, checkPool } from "./poolChecks";
import { checkPoolImage, poolImage } from "./poolImage";
import { registration } from "./providerRegistration";
import { letPull, pullIdentity } from "./pullIdentity";
import { pushPrincipal } from "./pushServicePrincipal";
import { placeIn } from "./resourceIds";
import { type KnownWorkspace, knownWorkspace, logWorkspace } from "./runLogWorkspace";
import { resourceGroup } from "./runResourceGroup";
import { runSecrets, withLog, withSecretEnv } from "./runSecrets";
import { runSubnet } from "./runSubnet";

/** Where the pool's parts are. */
interface Place {
  subscriptionId: pulumi.Input<string>;
  resourceGroupName: pulumi.Input<string>;
  /** Unknown where nothing is made that needs it. */
  location: pulumi.Input<string>;
  /** Options of parts. */
  options: pulumi.CustomResourceOptions;
  /** Options of parts in a resource group that is made here: Azure deletes them with it, in the right order. */
  inGroup: pulumi.CustomResourceOptions;
}

/** What runs have. */
interface Parts {
  /** Where images come from, as the template's variable has it. */
  registry?: { registry_url: pulumi.Input<string>; identity: pulumi.Input<string> };
  identityIds: pulumi.Input<string>[];
  subnetId?: pulumi.Input<string>;
  workspace?: KnownWorkspace;
}

/**
 * A push work pool of type `azure-container-instance:push`: each of its runs is a container group of Azure Container Instances.
 *
 * ```ts
 * const etl = new ContainerInstancePushPool("etl", { location: "westeurope", jobVariables: { image: "…/etl:1.2", cpu: 1, memory: 2 } });
 * ```
 */
export class ContainerInstancePushPool extends pulumi.ComponentResource {
  /**
   * Name of the work pool.
   */
  readonly workPoolName: pulumi.Output<string>;
  /**
   * Name of the resource group in which runs run.
   */
  readonly resourceGroupName: pulumi.Output<string>;
  /**
   * Client id of the application that submits runs. Absent with ambient credentials and with a given block.
   */
  readonly pushClientId: pulumi.Output<string> | undefined;
  /**
   * When the application's secret ends, as ISO 8601. Absent with federated and ambient credentials, and with a given block.
   */
  readonly secretEndsAt: pulumi.Output<string> | undefined;
  /**
   * The prefix of the images' names, if a registry was requested or given.
   */
  readonly imageRepository: pulumi.Output<string> | undefined;
  /**
   * The name and digest of the image that was built, if one was requested. For triggers of a FlowRun.
   */
  readonly image: pulumi.Output<string> | undefined;
  /**
   * Id of the identity by which runs read the registry, if there is one.
   */
  readonly pullIdentityId: pulumi.Output<string> | undefined;
  /**
   * Id of the subnet that runs are in, if they are in one.
   */
  readonly subnetId: pulumi.Output<string> | undefined;
  /**
   * Id of the Log Analytics workspace that runs write to, if there is one.
   */
  readonly logWorkspaceId: pulumi.Output<string> | undefined;
  /**
   * The value for manifest().
   */
  readonly definition: PushPoolDefinition;

  constructor(name: string, args: ContainerInstancePushPoolArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("ContainerInstancePushPool", name, args, CONTAINER_INSTANCE_PUSH_POOL_ARGUMENTS);
    const { workPoolName = name, jobVariables = {}, isPaused, concurrencyLimit, queues, timeoutSeconds, labels, endpoints } = args;
    const trust = checkPool(workPoolName, args, of);
    const subscriptionId = jobVariables.subscription_id ?? subscriptionOf(args.subscriptionId, of);
    const given = args.resourceGroupName ?? jobVariables.resource_group_name;
    const location = makesParts(args, given) ? locationOf(args.location, of) : (args.location ?? "");
    const template = args.baseJobTemplate ?? defaultTemplate("azure-container-instance:push");
    checkPoolTemplate(template, jobVariables, of);
    checkPlaceOfGroup(template, args, of);
    checkPoolImage(args, of);
    super("pushpool:index:ContainerInstancePushPool", name, withSecretsMarked(args), opts);
    const options = partOf(this, opts);

    const group = given === undefined ? resourceGroup(name, { location }, options) : undefined;
    const inGroup = group ? { ...options, deletedWith: group } : options;
    const place: Place = { subscriptionId, resourceGroupName: given ?? group?.name ?? "", location, options, inGroup };
    if (args.registerProvider) registration(name, place, inGroup);
    const parts = partsOf(name, args, place);
    this.image = imageOf(name, args, place, parts, of);
    const { block, clientId, keyEndsAt } = credentialsOf(name, workPoolName, { ...args, trust }, place, parts);
    const secrets = runSecrets(workPoolName, { ...args, workspaceKey: parts.workspace?.workspaceKey });
    const variables = {
      subscription_id: subscriptionId,
      resource_group_name: place.resourceGroupName,
      ...(parts.identityIds.length > 0 ? { identities: parts.identityIds } : {}),
      ...present({ image_registry: parts.registry, image: this.image }),
      ...(parts.subnetId === undefined ? {} : { subnet_ids: [parts.subnetId] }),
      ...without(jobVariables, ["identities"]),
      ...present({ env: withSecretEnv(secrets.env, jobVariables.env) }),
    };
    const { customerId: workspaceId } = parts.workspace ?? {};
    const logged = workspaceId ? withLog(template, { workspaceId, workspaceKey: secrets.workspaceKey }) : template;
    const baseJobTemplate = withDefaults(logged, variables);

    this.workPoolName = pulumi.output(workPoolName);
    this.resourceGroupName = pulumi.output(place.resourceGroupName);
    this.pushClientId = clientId;
    this.secretEndsAt = keyEndsAt;
    this.imageRepository = parts.registry && pulumi.output(parts.registry.registry_url);
    this.pullIdentityId = parts.registry && pulumi.output(parts.registry.identity);
    this.subnetId = parts.subnetId === undefined ? undefined : pulumi.output(parts.subnetId);
    this.logWorkspaceId = parts.workspace?.workspaceId;
    this.definition = {
      name: workPoolName,
      pool: present({
        type: "azure-container-instance:push",
        baseJobTemplate,
        credentials: block?.blockKey ?? args.credentialsBlock,
        isPaused,
        concurrencyLimit,
        queues,
        timeoutSeconds,
        labels,
        endpoints: endpoints && without(endpoints, ["registry", "graph"]),
      }),
      blocks: { ...(block ? { [block.blockKey]: block.definition } : {}), ...secrets.blocks },
    };
    this.registerOutputs({
      workPoolName: this.workPoolName,
      resourceGroupName: this.resourceGroupName,
      pushClientId: this.pushClientId,
      secretEndsAt: this.secretEndsAt,
      imageRepository: this.imageRepository,
      image: this.image,
      pullIdentityId: this.pullIdentityId,
      subnetId: this.subnetId,
      logWorkspaceId: this.logWorkspaceId,
    });
  }
}

/** Whether the pool makes something that is somewhere. */
function makesParts(args: ContainerInstancePushPoolArgs, resourceGroupName: pulumi.Input<string> | undefined): boolean {
  const { registryId, pullIdentityId, network, logAnalytics, registerProvider } = args;
  const identity = registryId !== undefined && pullIdentityId === undefined;
  return (
    resourceGroupName === undefined || makesRegistry(args) || identity || network !== undefined || !!logAnalytics || !!registerProvider
  );
}

/** An image that the pool builds needs a registry. */
function makesRegistry({ imageRepository, image, registryId }: ContainerInstancePushPoolArgs): boolean {
  return !!imageRepository || (image !== undefined && registryId === undefined);
}

function partsOf(name: string, args: ContainerInstancePushPoolArgs, place: Place): Parts {
  const { identityIds, network: access, subnetId, logAnalytics, logWorkspaceId, logRetentionDays, jobVariables = {} } = args;
  const registry = registryOf(name, args, place);
  const flows: pulumi.Input<string>[] = identityIds ?? (Array.isArray(jobVariables.identities) ? jobVariables.identities : []);
  const [subnet] = Array.isArray(jobVariables.subnet_ids) ? jobVariables.subnet_ids : [];
  return {
    registry,
    identityIds: [...(registry ? [registry.identity] : []), ...flows],
    subnetId: subnetId ?? subnet ?? (access && runSubnet(`${name}-network`, { ...place, access }, place.inGroup).subnetId),
    workspace: logAnalytics
      ? logWorkspace(`${name}-logs`, { ...place, retentionDays: logRetentionDays }, place.inGroup)
      : logWorkspaceId === undefined
        ? undefined
        : knownWorkspace(logWorkspaceId, place.options),
  };
}

/** The registry of runs, and who reads it. */
function registryOf(name: string, args: ContainerInstancePushPoolArgs, place: Place): Parts["registry"] {
  const made = makesRegistry(args) ? containerRegistry(`${name}-images`, place, place.inGroup) : undefined;
  const registryId = made?.id ?? args.registryId;
  if (registryId === undefined) return undefined;
  const { registries } = azureCloud();
  const registry_url = made?.loginServer ?? placeIn(registryId).name.apply((registry) => `${registry.toLowerCase()}.${registries}`);
  const { pullIdentityId } = args;
  if (pullIdentityId === undefined)
    return { registry_url, identity: pullIdentity(`${name}-pull`, { ...place, registryId }, place.inGroup, place.options).identityId };
  if (!made) return { registry_url, identity: pullIdentityId };
  const { resourceGroupName, name: resourceName } = placeIn(pullIdentityId);
  const { parent } = place.options;
  const { principalId } = getUserAssignedIdentityOutput({ resourceGroupName, resourceName }, parent ? { parent } : {});
  const allowed = letPull(`${name}-pull`, { registryId, principalId }, place.options);
  return { registry_url, identity: pulumi.all([pullIdentityId, allowed.id]).apply(([id]) => id) };
}

/** The image of runs, if the pool builds it. @returns its name and digest */
function imageOf(
  name: string,
  { image, endpoints }: ContainerInstancePushPoolArgs,
  { options }: Place,
  { registry }: Parts,
  of: Declared,
): pulumi.Output<string> | undefined {
  if (image === undefined || registry === undefined) return undefined;
  const { registry_url: loginServer } = registry;
  return poolImage(name, { image, loginServer, endpoint: endpoints?.registry }, options, of);
}

/** The block by which runs are submitted, with the application behind it, and what others need to submit by their own login. */
function credentialsOf(
  name: string,
  workPoolName: string,
  args: ContainerInstancePushPoolArgs & { trust: Trust | undefined },
  { subscriptionId, resourceGroupName, options }: Place,
  { identityIds, subnetId, workspace }: Parts,
): { block?: ReturnType<typeof azureCredentials>; clientId?: pulumi.Output<string>; keyEndsAt?: pulumi.Output<string> } {
  const { credentials = Credentials.Key, credentialsBlock, trust, clientId, secretEndDate, secretVersion, permissions, submitters } = args;
  const access = { subscriptionId, resourceGroupName, identityIds, subnetId, workspaceId: workspace?.workspaceId, permissions };
  if (submitters?.length) letSubmit(`${name}-submitters`, { ...access, members: submitters.map(memberOf) }, options);
  if (credentialsBlock !== undefined) return {};
  const blockName = blockNameOf(workPoolName);
  if (credentials === Credentials.Ambient) return { block: azureCredentials({ blockName }) };
  if (trust) {
    const { createdAt: keyCreatedAt, ...push } = federatedPrincipal(`${name}-push`, { ...access, clientId, trust }, options);
    return { clientId: push.clientId, block: azureCredentials({ ...push, keyCreatedAt, blockName }) };
  }
  const rotation = args.keyRotation && {
    every: args.keyRotation,
    workPoolName,
    blockKey: `${BLOCK_TYPE}/${blockName}`,
    longestRun: longestRunOf(args.timeoutSeconds),
    service: args.endpoints?.login ?? `https://${azureCloud().authority ?? "login.microsoftonline.com"}`,
    listing: args.endpoints?.graph ?? azureCloud().graph,
  };
  const push = pushPrincipal(`${name}-push`, { ...access, clientId, secretEndDate, secretVersion }, options, rotation);
  return { clientId: push.clientId, keyEndsAt: push.keyEndsAt, block: azureCredentials({ ...push, blockName }) };
}

function without(fields: Record<string, AnyJson>, names: readonly string[]): Record<string, AnyJson> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}
