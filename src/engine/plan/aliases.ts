import { nameOf, typeOf, urnOf } from "../urn";

/** A former name of a resource: its URN, or the parts that were different. An empty part ("") is the same as now. */
export type Alias =
  | { urn: string }
  | { name: string; type: string; project: string; stack: string; parent: "same" | "none" | { urn: string } };

interface Named {
  project: string;
  stack: string;
  type: string;
  name: string;
  /** URN; "" for the stack itself. */
  parent: string;
}

/**
 * The URNs under which the state may hold a resource: first its own aliases, then the URNs that follow from its parent's move.
 * A child whose name begins with its parent's name is assumed to have begun with the parent's former name.
 * Pulumi does the same (pkg/resource/deploy/step_generator.go).
 * @param moved the former URN of every resource that was found under an alias so far
 */
export function formerUrns(resource: Named, aliases: readonly Alias[], moved: ReadonlyMap<string, string>): string[] {
  const own = aliases.map((alias) => ("urn" in alias ? alias.urn : spelledOut(resource, alias, moved)));
  const formerParent = moved.get(resource.parent);
  if (formerParent === undefined) return [...new Set(own)];
  const underFormerParent = (type: string, name: string) => {
    const parentName = nameOf(resource.parent);
    const formerName = name.startsWith(parentName) ? nameOf(formerParent) + name.slice(parentName.length) : name;
    return urnOf(resource.stack, resource.project, formerParent, type, formerName);
  };
  const inherited = own.map((urn) => underFormerParent(typeOf(urn), nameOf(urn)));
  return [...new Set([...own, underFormerParent(resource.type, resource.name), ...inherited])];
}

function spelledOut(
  resource: Named,
  { name, type, project, stack, parent }: Exclude<Alias, { urn: string }>,
  moved: ReadonlyMap<string, string>,
) {
  const formerParent = parent === "none" ? "" : parent === "same" ? resource.parent : (moved.get(parent.urn) ?? parent.urn);
  return urnOf(stack || resource.stack, project || resource.project, formerParent, type || resource.type, name || resource.name);
}
