import type { StandInProvider } from "../standInProvider";
import { armFunctions, armResources } from "./armResources";
import { type AzureProviderOptions, azureApi } from "./azureApi";
import { directoryFunctions, directoryResources } from "./directoryResources";

/**
 * A stand-in for Pulumi's `azure-native` provider. It turns each resource into calls of Azure Resource Manager to the fake, as the subscription's
 * owner. It has the resource types that pushpool's components use, and refuses all others.
 *
 * ```ts
 * const azure = await startFakeAzure();
 * const providers = { "azure-native": azureNativeProvider(azure), azuread: azureadProvider(azure) };
 * const engine = new OfflineEngine({ projectDir: "infra", providers });
 * ```
 */
export function azureNativeProvider(azure: AzureProviderOptions): StandInProvider {
  const api = azureApi(azure);
  return { resources: armResources(api), functions: armFunctions(api) };
}

/**
 * A stand-in for Pulumi's `azuread` provider. It turns each resource into calls of Microsoft Graph to the fake, as an administrator of the
 * directory. It has applications, service principals and applications' passwords, and refuses all others.
 */
export function azureadProvider(azure: AzureProviderOptions): StandInProvider {
  const api = azureApi(azure);
  return { resources: directoryResources(api), functions: directoryFunctions(api) };
}
