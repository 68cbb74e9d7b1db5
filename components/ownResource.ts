import * as pulumi from "@pulumi/pulumi";
import { servedVersion } from "./served";
import { storedMethods } from "./storedMethods";

// The components run in two places: in a program in TypeScript, and in pushpool's provider, which constructs them for programs in other
// languages. A program has no provider for pushpool's own resources, so there they are dynamic resources, whose methods Pulumi stores in the
// state. The provider is one, so there they are custom resources of its package.

/** A dynamic resource: the same for Pulumi as a `pulumi.dynamic.Resource`, but it starts sooner. */
class DynamicResource extends pulumi.CustomResource {
  constructor(
    provider: pulumi.dynamic.ResourceProvider,
    name: string,
    props: pulumi.Inputs,
    opts?: pulumi.CustomResourceOptions,
    module?: string,
    type?: string,
  ) {
    super(`pulumi-nodejs:dynamic/${module}:${type}`, name, { ...props, __provider: storedMethods(provider) }, opts);
  }
}

/** A resource of the provider, made by the arguments of a dynamic one. */
class ProvidedResource extends pulumi.CustomResource {
  constructor(
    _: pulumi.dynamic.ResourceProvider,
    name: string,
    props: pulumi.Inputs,
    opts?: pulumi.CustomResourceOptions,
    _module?: string,
    type?: string,
  ) {
    super(`pushpool:index:${type}`, name, props, pulumi.mergeOptions({ version: servedVersion() }, opts));
  }
}

/** The class of pushpool's own resources, such as a flow run. */
export const OwnResource = (servedVersion() === undefined
  ? DynamicResource
  : ProvidedResource) as unknown as typeof pulumi.dynamic.Resource;
