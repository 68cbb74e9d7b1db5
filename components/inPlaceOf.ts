import * as pulumi from "@pulumi/pulumi";

/**
 * Options for the resources of a component that is not created itself. A component costs the program as much as a resource, and a pool does
 * not need its parts as components. In the stacks of older versions, the resources are children of the component. An alias names that
 * parent, so that Pulumi replaces none of them.
 * @param type of the component, such as `PushUser`
 * @param name of the component
 * @param options that the component would get
 */
export function inPlaceOf(type: string, name: string, options: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions {
  const [above] = (options.aliases ?? []) as pulumi.Alias[];
  const parent = pulumi.createUrn(name, `pushpool:index:${type}`, above?.parent ?? options.parent);
  return { ...options, aliases: [{ parent }] };
}
