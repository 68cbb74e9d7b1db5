export type { AzureProviderOptions } from "./azureApi";
export { azureadProvider, azureNativeProvider } from "./azureProvider";
