import type { JsonObject } from "../../../json";
import { ArmError } from "./azureErrors";
import type { Quota } from "./azureOptions";
import type { World } from "./azureWorld";
import { type Group, type GroupSpec, isOver, requested } from "./groups";

/** What counts in a region of the subscription. */
function used(world: World, location: string, without?: Group): Record<Quota, number> {
  const groups = [...world.groups.values()].filter(
    (group) => group !== without && group.spec.location.toLowerCase() === location.toLowerCase(),
  );
  const cores = (spot: boolean) =>
    groups
      .filter((group) => !isOver(group) && (group.spec.properties.priority === "Spot") === spot)
      .reduce((total, group) => total + Math.ceil(requested(group).cpu), 0);
  return { ContainerGroups: groups.length, StandardCores: cores(false), StandardSpotCores: cores(true) };
}

/** @throws {ArmError} 400 if one is used up, and for every GPU: Azure has withdrawn them */
export function checkQuotas(world: World, spec: GroupSpec, existing?: Group): void {
  const { location, properties } = spec;
  const gpu = properties.containers.map(({ properties: { resources } }) => resources?.requests.gpu).find((each) => each !== undefined);
  if (gpu) throw reached(`${gpu.sku}Cores`, location, { limit: 0, usage: 0, asked: gpu.count });
  const usage = used(world, location, existing);
  const asked: Partial<Record<Quota, number>> = {
    ContainerGroups: 1,
    [properties.priority === "Spot" ? "StandardSpotCores" : "StandardCores"]: Math.ceil(requested({ spec }).cpu),
  };
  for (const [name, more = 0] of Object.entries(asked) as [Quota, number][]) {
    const limit = world.options.quotas[name] ?? 0;
    if (usage[name] + more > limit) throw reached(name, location, { limit, usage: usage[name], asked: more });
  }
}

function reached(quota: string, location: string, { limit, usage, asked }: { limit: number; usage: number; asked: number }): ArmError {
  return new ArmError(
    400,
    "ContainerGroupQuotaReached",
    `Resource type 'Microsoft.ContainerInstance/containerGroups' container group quota '${quota}' exceeded in region '${location}'. Limit: '${limit}', Usage: '${usage}' Requested: '${asked}'.`,
  );
}

const TITLES: Record<Quota, string> = {
  ContainerGroups: "Container Groups",
  StandardCores: "Standard Cores",
  StandardSpotCores: "Standard Spot Cores",
};

export function usages(world: World, location: string): JsonObject[] {
  return Object.entries(used(world, location)).map(([value, currentValue]) => ({
    id: `/subscriptions/${world.options.subscription}/providers/Microsoft.ContainerInstance/locations/${location}/usages/${value.replace("Standard", "standard")}`,
    unit: "Count",
    currentValue,
    limit: world.options.quotas[value as Quota] ?? 0,
    name: { value, localizedValue: TITLES[value as Quota] },
  }));
}
