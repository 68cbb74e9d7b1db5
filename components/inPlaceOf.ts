import * as pulumi from "@pulumi/pulumi";

/**
 * Options for resources that are made without the component around them. Each component costs the program as much as a resource does, and a pool
 * has no use for those of its parts. Stacks from when there was one have its resources below it: their alias says so, and none is replaced.
 * @param type of the component, as `PushUser`
 * @param name of the component
 * @param options that the component would be given
 */
export function inPlaceOf(type: string, name: string, options: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions {
  const [above] = (options.aliases ?? []) as pulumi.Alias[];
  const parent = pulumi.createUrn(name, `pushpool:index:${type}`, above?.parent ?? options.parent);
  return { ...options, aliases: [{ parent }] };
}
