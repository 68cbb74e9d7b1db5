import { withOutputs } from "../plan/resource";
import { PartialFailure, ProviderError } from "../provider";
import type { Registry } from "../providers/registry";
import type { Resource } from "../state/stackStore";
import type { Step } from "../state/step";
import { isProviderType, packageOf } from "../urn";
import { holdsUnknown, type Properties, secretAt, secretLike } from "../wire";

/** It was done, but the result is not well. It is kept, and the operation fails. */
export class NotWell extends Error {
  constructor(
    message: string,
    readonly result: Resource,
  ) {
    super(message);
  }
}

/** It was not even tried: what stands in its way is said. What has nothing to do with it goes on. */
export class Refused extends Error {}

interface Circumstances {
  registry: Registry;
  /** Nothing is done; providers that can are asked what would come of it. */
  preview: boolean;
  now: string;
  /** Whether what this one is deleted with is deleted in the same operation. */
  isDeleted: (urn: string) => boolean;
}

/**
 * Take one step.
 * @returns the resource that there is now, if any
 * @throws {NotWell}
 */
export async function apply(step: Step, circumstances: Circumstances): Promise<Resource | undefined> {
  switch (step.op) {
    case "same":
      return keep(step, circumstances);
    case "create":
    case "create-replacement":
      return create(step, circumstances);
    case "update":
      return update(step, circumstances);
    case "delete":
    case "delete-replaced":
    case "discard":
    case "discard-replaced":
      return remove(step, circumstances);
    case "read":
    case "read-replacement":
      return read(step, circumstances);
    case "import":
    case "import-replacement":
      return bring(step, circumstances);
    case "remove-pending-replace":
    case "replace":
    case "refresh":
      return step.next;
  }
}

async function keep({ next, old }: Step, { registry }: Circumstances): Promise<Resource | undefined> {
  if (!next?.custom) return next;
  if (isProviderType(next.type)) await registry.keep(next);
  return secretly(next, old?.outputs ?? {});
}

async function create({ next }: Step, { registry, preview, now }: Circumstances): Promise<Resource | undefined> {
  if (!next) return undefined;
  const stamped = { ...next, created: now, modified: now };
  if (!next.custom) return stamped;
  const { urn, inputs = {} } = next;
  const provider = await registry.providerOf(next);
  const made = ({ id, outputs }: { id: string; outputs: Properties }) => secretly({ ...stamped, ...(id === "" ? {} : { id }) }, outputs);
  try {
    return made(await provider.create({ urn, inputs, timeout: next.customTimeouts?.create ?? 0, preview }));
  } catch (error) {
    if (!(error instanceof PartialFailure)) throw error;
    throw new NotWell(error.message, { ...made(error), initErrors: error.reasons });
  }
}

async function read({ next }: Step, { registry }: Circumstances): Promise<Resource | undefined> {
  if (!next) return undefined;
  const { urn, id = "", inputs = {} } = next;
  // In a preview: of something that is still to be made.
  if (holdsUnknown(id)) return next;
  const provider = await registry.providerOf(next);
  const { initErrors, ...found } = await provider.read({ urn, id, inputs: {}, outputs: inputs });
  if (found.id === "") throw new ProviderError(`resource '${id}' does not exist`);
  const result = secretly({ ...next, id: found.id }, found.outputs);
  if (initErrors.length > 0) throw new NotWell(new PartialFailure(found.id, found.outputs, initErrors).message, { ...result, initErrors });
  return result;
}

/** Take over what is there already. What the program wants of it comes after. */
async function bring({ next }: Step, { registry, now }: Circumstances): Promise<Resource | undefined> {
  if (!next) return undefined;
  const { urn, id = "", type } = next;
  if (holdsUnknown(id)) return next;
  const provider = await registry.providerOf(next);
  const { initErrors, inputs, ...found } = await provider.read({ urn, id, inputs: {}, outputs: {} });
  if (found.id === "") throw new ProviderError(`resource '${id}' does not exist`);
  if (!inputs)
    throw new ProviderError(`provider does not support importing resources; please try updating the '${packageOf(type)}' plugin`);
  const result = secretly(withInputs({ ...next, id: found.id, created: now, modified: now }, inputs), found.outputs);
  if (initErrors.length > 0) throw new NotWell(new PartialFailure(found.id, found.outputs, initErrors).message, { ...result, initErrors });
  return result;
}

async function update({ old, next, ignoreChanges = [] }: Step, { registry, preview, now }: Circumstances): Promise<Resource | undefined> {
  if (!old || !next) return next;
  const stamped = { ...next, modified: now };
  if (!next.custom) return stamped;
  const { urn, id = "", inputs = {} } = next;
  const { inputs: oldInputs = {}, outputs: oldOutputs = {} } = old;
  const provider = await registry.providerOf(next);
  try {
    const timeout = next.customTimeouts?.update ?? 0;
    const { outputs } = await provider.update({ urn, id, oldInputs, oldOutputs, inputs, timeout, ignoreChanges, preview });
    return secretly(stamped, outputs);
  } catch (error) {
    if (!(error instanceof PartialFailure)) throw error;
    // What was wanted has not quite come about: with the old inputs the next update will see that it is still to be done.
    const failed = secretly(stamped, error.outputs);
    throw new NotWell(error.message, { ...withInputs(failed, error.inputs ?? oldInputs), initErrors: error.reasons });
  }
}

async function remove({ op, old }: Step, { registry, preview, isDeleted }: Circumstances): Promise<undefined> {
  if (!old) return;
  if (old.protect && op === "delete")
    throw new Refused(
      `resource "${old.urn}" cannot be deleted because it is protected: remove its protect option first, then \`pushpool up\``,
    );
  const { urn, id = "", inputs = {}, outputs = {}, deletedWith, customTimeouts } = old;
  if (preview || !old.custom || old.external || old.retainOnDelete || isProviderType(old.type)) return;
  if (deletedWith && isDeleted(deletedWith)) return;
  const provider = await registry.providerOf(old);
  await provider.delete({ urn, id, inputs, outputs, timeout: customTimeouts?.delete ?? 0 });
}

/** With these outputs, and in them secret what a secret input or an option makes so. */
export function secretly(resource: Resource, outputs: Properties): Resource {
  return withOutputs(resource, secretAt(secretLike(outputs, resource.inputs ?? {}), resource.additionalSecretOutputs ?? []));
}

function withInputs(resource: Resource, inputs: Properties): Resource {
  const { inputs: _, ...rest } = resource;
  return Object.keys(inputs).length > 0 ? { ...rest, inputs } : rest;
}
