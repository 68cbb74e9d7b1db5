import type { Properties } from "../propertyWire";
import type { Resource } from "../state/stackStore";
import type { Goal } from "./goal";

/** The resource that the state will hold for a goal, without its id and outputs. */
export function resourceOf(urn: string, goal: Goal, inputs: Properties): Resource {
  const {
    type,
    custom,
    parent,
    provider,
    dependencies,
    propertyDependencies,
    additionalSecretOutputs,
    protect,
    retainOnDelete,
    deletedWith,
    timeouts,
    ignoreChanges,
    replaceOnChanges,
    importId,
  } = goal;
  return {
    urn,
    custom,
    type,
    ...(Object.keys(inputs).length > 0 ? { inputs } : {}),
    ...(parent ? { parent } : {}),
    ...(protect ? { protect } : {}),
    ...(dependencies.length > 0 ? { dependencies } : {}),
    ...(provider ? { provider } : {}),
    ...(Object.keys(propertyDependencies).length > 0 ? { propertyDependencies } : {}),
    ...(additionalSecretOutputs.length > 0 ? { additionalSecretOutputs } : {}),
    ...(Object.keys(timeouts).length > 0 ? { customTimeouts: timeouts } : {}),
    ...(retainOnDelete ? { retainOnDelete } : {}),
    ...(deletedWith ? { deletedWith } : {}),
    ...(importId ? { importID: importId } : {}),
    ...(ignoreChanges.length > 0 ? { ignoreChanges } : {}),
    ...(replaceOnChanges.length > 0 ? { replaceOnChanges } : {}),
  };
}

/** The resource with these outputs. Empty outputs are left out, as in Pulumi's state. */
export function withOutputs(resource: Resource, outputs: Properties): Resource {
  const { outputs: _, ...rest } = resource;
  return Object.keys(outputs).length > 0 ? { ...rest, outputs } : rest;
}
