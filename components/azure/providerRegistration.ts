import { ContainerGroupProfile } from "@pulumi/azure-native/containerinstance/containerGroupProfile";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, partOf } from "../checks";
import { physicalName } from "../physicalName";
import { checkAzureName, locationOf } from "./azureChecks";
import { named } from "./resourceIds";

/** Arguments of a `ProviderRegistration`. */
export interface ProviderRegistrationArgs {
  /**
   * Name of the resource group that the profile is in.
   * @example resourceGroupName: group.resourceGroupName
   */
  resourceGroupName: pulumi.Input<string>;
  /**
   * Where the profile is. By default the provider's location (`azure-native:location`).
   * @example location: "westeurope"
   */
  location?: pulumi.Input<string>;
}

const PROVIDER_REGISTRATION_ARGUMENTS: ArgumentNames<ProviderRegistrationArgs> = {
  resourceGroupName: "required",
  location: "optional",
};

/**
 * Registers Microsoft.ContainerInstance with the subscription, as `az provider register` does. It stays registered when the stack is destroyed.
 *
 * Pulumi's provider has no resource for that. It registers what is not registered when it first writes something there, if the login may. So
 * this declares a container group profile: a description of a container group, which runs nothing and costs nothing.
 *
 * ```ts
 * new ProviderRegistration("flows", { resourceGroupName: group.resourceGroupName });
 * ```
 */
export class ProviderRegistration extends pulumi.ComponentResource {
  constructor(name: string, args: ProviderRegistrationArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("ProviderRegistration", name, args, PROVIDER_REGISTRATION_ARGUMENTS);
    const location = locationOf(args.location, of);
    checkAzureName("resourceGroupName", "resourceGroup", args.resourceGroupName, of);
    super("pushpool:index:ProviderRegistration", name, args, opts);
    registration(name, { ...args, location }, partOf(this, opts));
    this.registerOutputs({});
  }
}

/** The resource of {@link ProviderRegistration}, for a pool that makes it without the component. */
export function registration(
  name: string,
  { resourceGroupName, location }: ProviderRegistrationArgs & { location: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): ContainerGroupProfile {
  const container = {
    name: "nothing",
    image: "mcr.microsoft.com/azuredocs/aci-helloworld",
    resources: { requests: { cpu: 1, memoryInGB: 1 } },
  };
  return new ContainerGroupProfile(
    `${name}-profile`,
    {
      resourceGroupName,
      containerGroupProfileName: physicalName(name, 60),
      location,
      osType: "Linux",
      restartPolicy: "Never",
      containers: [container],
    },
    named(options),
  );
}
