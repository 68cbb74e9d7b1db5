const STACK_TYPE = "pulumi:pulumi:Stack";

/** `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>`; the stack itself is no part of its children's types. */
export function urnOf(stack: string, project: string, parent: string, type: string, name: string): string {
  const parentType = parent === "" ? "" : qualifiedTypeOf(parent);
  const qualified = parentType === "" || parentType === STACK_TYPE ? type : `${parentType}$${type}`;
  return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
}

/** The last part of a URN; a name may hold "::" itself. */
export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** The types of a resource and its ancestors, outermost first, joined by `$`. */
function qualifiedTypeOf(urn: string): string {
  return urn.split("::")[2] ?? "";
}

/** The type of the resource itself. */
export function typeOf(urn: string): string {
  return qualifiedTypeOf(urn).split("$").at(-1) ?? "";
}

const PROVIDERS = "pulumi:providers:";

/** The type of the resource that stands for a provider of a package. */
export function providerType(packageName: string): string {
  return `${PROVIDERS}${packageName}`;
}

export function isProviderType(type: string): boolean {
  return type.startsWith(PROVIDERS);
}

/** The package that a provider resource is for, or that a resource's type or a function's token belongs to. */
export function packageOf(token: string): string {
  return isProviderType(token) ? token.slice(PROVIDERS.length) : (token.split(":")[0] ?? "");
}

/** A reference to a provider: its URN and its id, since a replaced one keeps its URN. */
export function providerReference({ urn, id = "" }: { urn: string; id?: string }): string {
  return `${urn}::${id}`;
}

/** The two parts of a reference to a provider. */
export function splitReference(reference: string): { urn: string; id: string } {
  const at = reference.lastIndexOf("::");
  return { urn: reference.slice(0, at), id: reference.slice(at + 2) };
}

/** Made by the engine itself for a package that a resource needs and names no provider for. */
export function isDefaultProvider(urn: string): boolean {
  return isProviderType(typeOf(urn)) && /^default(_|$)/.test(nameOf(urn));
}
