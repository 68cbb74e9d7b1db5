/** The type of the resource that stands for the stack itself. */
export const STACK_TYPE = "pulumi:pulumi:Stack";

/** `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>`. The types of the stack's children do not include the stack's type. */
export function urnOf(stack: string, project: string, parent: string, type: string, name: string): string {
  const parentType = parent === "" ? "" : qualifiedTypeOf(parent);
  const qualified = parentType === "" || parentType === STACK_TYPE ? type : `${parentType}$${type}`;
  return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
}

/** The name in a URN. A name may contain "::". */
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

/** The package of a provider resource's type, of any other resource's type, or of a function's token. */
export function packageOf(token: string): string {
  return isProviderType(token) ? token.slice(PROVIDERS.length) : (token.split(":")[0] ?? "");
}

/** A reference to a provider: its URN and its id. A replaced provider keeps its URN, so the URN alone is not unique. */
export function providerReference({ urn, id = "" }: { urn: string; id?: string }): string {
  return `${urn}::${id}`;
}

/** The two parts of a reference to a provider. */
export function splitReference(reference: string): { urn: string; id: string } {
  const at = reference.lastIndexOf("::");
  return { urn: reference.slice(0, at), id: reference.slice(at + 2) };
}

/** Whether the engine created this provider, for resources that name none. */
export function isDefaultProvider(urn: string): boolean {
  return isProviderType(typeOf(urn)) && /^default(_|$)/.test(nameOf(urn));
}
