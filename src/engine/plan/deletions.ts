import type { Resource } from "../state/stackStore";
import { splitReference } from "../urn";

/** The URNs of all resources that a resource requires. */
export function requiredUrns({ parent, provider, dependencies, propertyDependencies, deletedWith }: Resource): string[] {
  return [
    ...(parent ? [parent] : []),
    ...(provider ? [splitReference(provider).urn] : []),
    ...(dependencies ?? []),
    ...Object.values(propertyDependencies ?? {}).flatMap((urns) => urns ?? []),
    ...(deletedWith ? [deletedWith] : []),
  ];
}

/**
 * The resources to delete, in layers. The first layer holds the resources with the longest chain of requirements.
 * So a resource is always deleted before the resources that it requires. A resource without requirements is in the last layer, even if
 * nothing requires it. Pulumi's engine uses the same order.
 */
export function deletionLayers(toDelete: readonly Resource[]): Resource[][] {
  const layers: Resource[][] = [];
  let left = [...toDelete];
  while (left.length > 0) {
    const remaining = new Set(left.map(({ urn }) => urn));
    const layer = left.filter((resource) => !requiredUrns(resource).some((urn) => urn !== resource.urn && remaining.has(urn)));
    if (layer.length === 0) throw new Error(`resources that depend on each other: ${left.map(({ urn }) => urn).join(", ")}`);
    layers.unshift(layer);
    const gone = new Set(layer);
    left = left.filter((resource) => !gone.has(resource));
  }
  return layers;
}
