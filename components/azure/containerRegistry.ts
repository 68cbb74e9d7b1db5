import { Registry } from "@pulumi/azure-native/containerregistry/registry";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, partOf } from "../checks";
import { checkAzureName, locationOf, subscriptionOf } from "./azureChecks";
import { named, registryName } from "./resourceIds";

/** Arguments of a `ContainerRegistry`. */
export interface ContainerRegistryArgs {
  /**
   * Name of the resource group that it is in.
   * @example resourceGroupName: group.resourceGroupName
   */
  resourceGroupName: pulumi.Input<string>;
  /**
   * Name of the registry, which no other registry of Azure may have. By default generated from the component's name and the subscription.
   * @example registryName: "acmeflows"
   */
  registryName?: string;
  /**
   * Where the images are stored; best where the runs are. By default the provider's location (`azure-native:location`).
   * @example location: "westeurope"
   */
  location?: pulumi.Input<string>;
  /**
   * Subscription of the registry. By default the provider's (`azure-native:subscriptionId`).
   * @example subscriptionId: "9d3c1f0a-5b7e-4c2d-8e6f-0a1b2c3d4e5f"
   */
  subscriptionId?: pulumi.Input<string>;
}

const CONTAINER_REGISTRY_ARGUMENTS: ArgumentNames<ContainerRegistryArgs> = {
  resourceGroupName: "required",
  registryName: "optional",
  location: "optional",
  subscriptionId: "optional",
};

/**
 * A registry of Azure Container Registry for flows' images, in its Basic tier, which costs by the day. Nobody reads it without a login, and it has
 * no administrator's password: runs read it by a PullIdentity.
 *
 * ```ts
 * const images = new ContainerRegistry("etl-images", { resourceGroupName: group.resourceGroupName });
 * const image = pulumi.interpolate`${images.loginServer}/etl:1.2`;
 * ```
 */
export class ContainerRegistry extends pulumi.ComponentResource {
  /**
   * The prefix of the images' names: NAME.azurecr.io.
   */
  readonly loginServer: pulumi.Output<string>;
  /**
   * Id of the registry.
   */
  readonly registryId: pulumi.Output<string>;

  constructor(name: string, args: ContainerRegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("ContainerRegistry", name, args, CONTAINER_REGISTRY_ARGUMENTS);
    const location = locationOf(args.location, of);
    const subscriptionId = subscriptionOf(args.subscriptionId, of);
    checkAzureName("resourceGroupName", "resourceGroup", args.resourceGroupName, of);
    checkAzureName("registryName", "registry", args.registryName, of);
    super("pushpool:index:ContainerRegistry", name, args, opts);
    const registry = containerRegistry(name, { ...args, location, subscriptionId }, partOf(this, opts));

    this.loginServer = registry.loginServer;
    this.registryId = registry.id;
    this.registerOutputs({ loginServer: this.loginServer, registryId: this.registryId });
  }
}

/** The registry of {@link ContainerRegistry}, for a pool that makes it without the component. */
export function containerRegistry(
  name: string,
  args: ContainerRegistryArgs & { location: pulumi.Input<string>; subscriptionId: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): Registry {
  const { resourceGroupName, location, subscriptionId } = args;
  return new Registry(
    `${name}-registry`,
    {
      resourceGroupName,
      registryName: args.registryName ?? registryName(name, subscriptionId),
      location,
      sku: { name: "Basic" },
      adminUserEnabled: false,
    },
    named(options),
  );
}
