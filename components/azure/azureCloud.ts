import * as pulumi from "@pulumi/pulumi";

/** What differs between Azure's clouds. */
interface AzureCloud {
  /** Where its registries are: NAME.azurecr.io. */
  registries: string;
  /** Microsoft Graph. */
  graph: string;
  /** The host where one logs in, if it is not the usual one. */
  authority?: string;
  /** What identity tokens must be for that replace a secret (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust). */
  exchange: string;
}

const PUBLIC: AzureCloud = { registries: "azurecr.io", graph: "https://graph.microsoft.com", exchange: "api://AzureADTokenExchange" };
const GOVERNMENT: AzureCloud = {
  registries: "azurecr.us",
  graph: "https://graph.microsoft.us",
  authority: "login.microsoftonline.us",
  exchange: "api://AzureADTokenExchangeUSGov",
};
const CHINA: AzureCloud = {
  registries: "azurecr.cn",
  graph: "https://microsoftgraph.chinacloudapi.cn",
  authority: "login.chinacloudapi.cn",
  exchange: "api://AzureADTokenExchangeChina",
};

/** The cloud of the provider: `azure-native:environment`, or ARM_ENVIRONMENT, in any spelling that the provider takes. */
export function azureCloud(): AzureCloud {
  const name = (new pulumi.Config("azure-native").get("environment") ?? process.env.ARM_ENVIRONMENT ?? "public").toLowerCase();
  if (name.includes("china")) return CHINA;
  return name.includes("gov") ? GOVERNMENT : PUBLIC;
}
