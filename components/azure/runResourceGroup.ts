import { ResourceGroup } from "@pulumi/azure-native/resources/resourceGroup";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, partOf } from "../checks";
import { physicalName } from "../physicalName";
import { checkAzureName, locationOf } from "./azureChecks";
import { named } from "./resourceIds";

/** Arguments of a `RunResourceGroup`. */
export interface RunResourceGroupArgs {
  /**
   * Name of the resource group. By default generated from the component's name.
   * @example resourceGroupName: "flows"
   */
  resourceGroupName?: string;
  /**
   * Where it is, and the runs in it. By default the provider's location (`azure-native:location`).
   * @example location: "westeurope"
   */
  location?: pulumi.Input<string>;
}

const RUN_RESOURCE_GROUP_ARGUMENTS: ArgumentNames<RunResourceGroupArgs> = {
  resourceGroupName: "optional",
  location: "optional",
};

/**
 * A resource group for runs. What submits runs has its permissions on this group only. When it is deleted, Azure deletes all that is in it.
 *
 * ```ts
 * const group = new RunResourceGroup("flows", { location: "westeurope" });
 * ```
 */
export class RunResourceGroup extends pulumi.ComponentResource {
  /**
   * Name of the resource group.
   */
  readonly resourceGroupName: pulumi.Output<string>;
  /**
   * Its location.
   */
  readonly location: pulumi.Output<string>;

  constructor(name: string, args: RunResourceGroupArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("RunResourceGroup", name, args, RUN_RESOURCE_GROUP_ARGUMENTS);
    const location = locationOf(args.location, of);
    checkAzureName("resourceGroupName", "resourceGroup", args.resourceGroupName, of);
    super("pushpool:index:RunResourceGroup", name, args, opts);
    const group = resourceGroup(name, { ...args, location }, partOf(this, opts));

    this.resourceGroupName = group.name;
    this.location = group.location;
    this.registerOutputs({ resourceGroupName: this.resourceGroupName, location: this.location });
  }
}

/** The resource group of {@link RunResourceGroup}, for a pool that makes it without the component. */
export function resourceGroup(
  name: string,
  { resourceGroupName = physicalName(name, 80), location }: RunResourceGroupArgs & { location: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): ResourceGroup {
  return new ResourceGroup(`${name}-group`, { resourceGroupName, location }, named(options));
}
