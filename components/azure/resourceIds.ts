import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { physicalName } from "../physicalName";

/** The id of a resource group. */
export function resourceGroupId(subscriptionId: pulumi.Input<string>, resourceGroupName: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.interpolate`/subscriptions/${subscriptionId}/resourceGroups/${resourceGroupName}`;
}

/** The resource group that a resource is in. @returns its id */
export function resourceGroupOf(resourceId: string): string {
  return resourceId.split("/").slice(0, 5).join("/");
}

/** The parts of a resource's id that functions of the provider ask for. */
export function placeIn(resourceId: pulumi.Input<string>): { resourceGroupName: pulumi.Output<string>; name: pulumi.Output<string> } {
  const parts = pulumi.output(resourceId).apply((id) => id.split("/"));
  return { resourceGroupName: parts.apply((all) => all[4] ?? ""), name: parts.apply((all) => all.at(-1) ?? "") };
}

/**
 * The name of a registry. All registries of Azure share their names, so the subscription is part of it: the same project in another
 * subscription has other ones.
 * @returns letters and digits
 */
export function registryName(name: string, subscriptionId: pulumi.Input<string>): pulumi.Output<string> {
  const readable = physicalName(name, 36).replaceAll("-", "");
  return pulumi
    .output(subscriptionId)
    .apply((id) => `${readable}${createHash("sha256").update(id.toLowerCase()).digest("hex").slice(0, 10)}`);
}

/** Options of a resource whose name is given: a new one cannot be there beside the old one. */
export function named(options: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions {
  return { ...options, deleteBeforeReplace: true };
}
