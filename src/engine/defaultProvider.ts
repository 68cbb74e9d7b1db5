import type { PackageRequest } from "./grpc/registration";
import { type Goal, goalOf } from "./plan/goal";
import { type Properties, secretOf } from "./propertyWire";
import { configOfPackage } from "./providers/providerHost";
import type { StackConfig } from "./stackConfig";
import { packageOf, providerType } from "./urn";

/**
 * The goal of the default provider of a package. It has the stack's configuration for the package.
 * @param token a type or function of the package, unless the plugin names it
 */
export function defaultProviderGoal(token: string, { name: given, version, downloadUrl }: PackageRequest, config: StackConfig): Goal {
  const packageName = given || packageOf(token);
  const name = ["default", version, downloadUrl]
    .filter((part) => part !== "")
    .join("_")
    .replaceAll(/[^A-Za-z0-9_]/g, "_");
  const inputs: Properties = {
    ...configInputs(config, packageName),
    ...(version ? { version } : {}),
    ...(downloadUrl ? { pluginDownloadURL: downloadUrl } : {}),
  };
  return goalOf({ type: providerType(packageName), name, custom: true, inputs });
}

function configInputs(config: StackConfig, packageName: string): Properties {
  const { values, secretKeys } = configOfPackage(config, packageName);
  const strip = (key: string) => (key.startsWith(`${packageName}:`) ? key.slice(packageName.length + 1) : key);
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [strip(key), secretKeys.includes(key) ? secretOf(value) : value]));
}
