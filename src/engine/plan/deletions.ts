import type { Resource } from "../state/stackStore";
import { splitReference } from "../urn";

/** The URNs that a resource cannot be without. */
export function needs({ parent, provider, dependencies, propertyDependencies, deletedWith }: Resource): string[] {
  return [
    ...(parent ? [parent] : []),
    ...(provider ? [splitReference(provider).urn] : []),
    ...(dependencies ?? []),
    ...Object.values(propertyDependencies ?? {}).flatMap((urns) => urns ?? []),
    ...(deletedWith ? [deletedWith] : []),
  ];
}

/**
 * The resources to delete, in layers by how deep each stands in what it needs: the deepest first, so that nothing goes before what needs it, and
 * what needs nothing goes last even where nothing needs it (as Pulumi's engine has it).
 */
export function deletionLayers(doomed: readonly Resource[]): Resource[][] {
  const layers: Resource[][] = [];
  let left = [...doomed];
  while (left.length > 0) {
    const standing = new Set(left.map(({ urn }) => urn));
    const layer = left.filter((resource) => !needs(resource).some((urn) => urn !== resource.urn && standing.has(urn)));
    if (layer.length === 0) throw new Error(`resources that need each other: ${left.map(({ urn }) => urn).join(", ")}`);
    layers.unshift(layer);
    const gone = new Set(layer);
    left = left.filter((resource) => !gone.has(resource));
  }
  return layers;
}
