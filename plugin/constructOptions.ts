import { type Alias, type ComponentResourceOptions, type ProviderResource, rootStackResource } from "@pulumi/pulumi";
import type { Alias as AliasMessage } from "@pulumi/pulumi/proto/alias_pb";
import type { ConstructRequest } from "@pulumi/pulumi/proto/provider_pb";
import type { Json } from "../src/json";
import { providerAt, pulumiInternals, resourceAt } from "./pulumiSdk";

/** The resource options of a component, from the request to construct it. Pulumi has applied the program's transforms already. */
export function constructOptions(request: ConstructRequest): ComponentResourceOptions {
  const { hooks, rpc } = pulumiInternals();
  const providers: Record<string, ProviderResource> = {};
  request.getProvidersMap().forEach((reference, name) => {
    providers[name] = providerAt(reference);
  });
  const parent = request.getParent();
  const deletedWith = request.getDeletedwith();
  const trigger = request.getReplacementTrigger?.();
  const hookBinding = hooks.hookBindingFromProto?.(request.getResourceHooks?.());
  return {
    aliases: request.getAliasesList().map(aliasOf),
    dependsOn: request.getDependenciesList().map(resourceAt),
    protect: request.getProtect(),
    providers,
    ...(parent ? { parent: resourceAt(parent) } : {}),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    customTimeouts: request.getCustomtimeouts()?.toObject(),
    retainOnDelete: request.getRetainondelete(),
    ...(deletedWith ? { deletedWith: resourceAt(deletedWith) } : {}),
    ...(hookBinding ? { hooks: hookBinding } : {}),
    ...(trigger ? { replacementTrigger: rpc.deserializeProperty(trigger.toJavaScript() as Json, true) } : {}),
  } as ComponentResourceOptions;
}

function aliasOf(alias: AliasMessage): string | Alias {
  const spec = alias.getSpec();
  if (!spec) return alias.getUrn();
  const parent = spec.hasParenturn() ? spec.getParenturn() : spec.getNoparent() ? rootStackResource : undefined;
  return {
    ...(spec.getName() ? { name: spec.getName() } : {}),
    ...(spec.getType() ? { type: spec.getType() } : {}),
    ...(spec.getStack() ? { stack: spec.getStack() } : {}),
    ...(spec.getProject() ? { project: spec.getProject() } : {}),
    // Without a parent in the alias, it is the present one; `rootStackResource` is undefined, which means none.
    ...(spec.hasParenturn() || spec.getNoparent() ? { parent } : {}),
  };
}
