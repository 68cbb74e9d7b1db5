import { holdsUnknown } from "../../unknown";
import { withOutputs } from "../plan/resource";
import { type Properties, withSecretsAt, withSecretsLike } from "../propertyWire";
import { PartialFailure, ProviderError } from "../provider";
import type { Registry } from "../providers/providerRegistry";
import type { Resource } from "../state/stackStore";
import type { Step } from "../state/step";
import { isProviderType, packageOf } from "../urn";

/** The resource exists, but its initialization failed. The state keeps it, and the operation fails. */
export class InitFailed extends Error {
  constructor(
    message: string,
    readonly result: Resource,
  ) {
    super(message);
  }
}

/** The step was not tried; the message says why. Independent steps continue. */
export class StepRefused extends Error {}

interface StepContext {
  registry: Registry;
  /** Nothing is changed. Providers that support previews are asked for the outcome. */
  preview: boolean;
  now: string;
  /** The file with the stack's state. */
  statePath: string;
  /** Whether a resource (by URN) is deleted in the same operation. Used for `deletedWith`. */
  isDeleted: (urn: string) => boolean;
}

/**
 * Execute one step.
 * @returns the resource after the step, or `undefined` if it is gone
 * @throws {InitFailed}
 */
export async function executeStep(step: Step, circumstances: StepContext): Promise<Resource | undefined> {
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
      return importResource(step, circumstances);
    case "remove-pending-replace":
    case "replace":
    case "refresh":
      return step.next;
  }
}

async function keep({ next, old, untargeted }: Step, { registry }: StepContext): Promise<Resource | undefined> {
  if (!next?.custom || untargeted) return next;
  if (isProviderType(next.type)) await registry.keep(next);
  return withSecretOutputs(next, old?.outputs ?? {});
}

async function create({ next }: Step, { registry, preview, now }: StepContext): Promise<Resource | undefined> {
  if (!next) return undefined;
  const stamped = { ...next, created: now, modified: now };
  if (!next.custom) return stamped;
  const { urn, inputs = {} } = next;
  const provider = await registry.providerOf(next);
  const made = ({ id, outputs }: { id: string; outputs: Properties }) =>
    withSecretOutputs({ ...stamped, ...(id === "" ? {} : { id }) }, outputs);
  try {
    return made(await provider.create({ urn, inputs, timeout: next.customTimeouts?.create ?? 0, preview }));
  } catch (error) {
    if (!(error instanceof PartialFailure)) throw error;
    throw new InitFailed(error.message, { ...made(error), initErrors: error.reasons });
  }
}

async function read({ next }: Step, { registry }: StepContext): Promise<Resource | undefined> {
  if (!next) return undefined;
  const { urn, id = "", inputs = {} } = next;
  // In a preview the resource may not exist yet.
  if (holdsUnknown(id)) return next;
  const provider = await registry.providerOf(next);
  const { initErrors, ...found } = await provider.read({ urn, id, inputs: {}, outputs: inputs });
  if (found.id === "") throw new ProviderError(`resource '${id}' does not exist`);
  const result = withSecretOutputs({ ...next, id: found.id }, found.outputs);
  if (initErrors.length > 0)
    throw new InitFailed(new PartialFailure(found.id, found.outputs, initErrors).message, { ...result, initErrors });
  return result;
}

/** Import an existing resource. A later step makes it match the program. */
async function importResource({ next }: Step, { registry, now }: StepContext): Promise<Resource | undefined> {
  if (!next) return undefined;
  const { urn, id = "", type } = next;
  if (holdsUnknown(id)) return next;
  const provider = await registry.providerOf(next);
  const { initErrors, inputs, ...found } = await provider.read({ urn, id, inputs: {}, outputs: {} });
  if (found.id === "") throw new ProviderError(`resource '${id}' does not exist`);
  if (!inputs)
    throw new ProviderError(`provider does not support importing resources; please try updating the '${packageOf(type)}' plugin`);
  const result = withSecretOutputs(withInputs({ ...next, id: found.id, created: now, modified: now }, inputs), found.outputs);
  if (initErrors.length > 0)
    throw new InitFailed(new PartialFailure(found.id, found.outputs, initErrors).message, { ...result, initErrors });
  return result;
}

async function update({ old, next, ignoreChanges = [] }: Step, { registry, preview, now }: StepContext): Promise<Resource | undefined> {
  if (!old || !next) return next;
  const stamped = { ...next, modified: now };
  if (!next.custom) return stamped;
  const { urn, id = "", inputs = {} } = next;
  const { inputs: oldInputs = {}, outputs: oldOutputs = {} } = old;
  const provider = await registry.providerOf(next);
  try {
    const timeout = next.customTimeouts?.update ?? 0;
    const { outputs } = await provider.update({ urn, id, oldInputs, oldOutputs, inputs, timeout, ignoreChanges, preview });
    return withSecretOutputs(stamped, outputs);
  } catch (error) {
    if (!(error instanceof PartialFailure)) throw error;
    // The update did not finish. The state keeps the old inputs, so that the next update still sees the difference.
    const failed = withSecretOutputs(stamped, error.outputs);
    throw new InitFailed(error.message, { ...withInputs(failed, error.inputs ?? oldInputs), initErrors: error.reasons });
  }
}

async function remove({ op, old }: Step, { registry, preview, statePath, isDeleted }: StepContext): Promise<undefined> {
  if (!old) return;
  if (old.protect && op === "delete")
    throw new StepRefused(
      `resource "${old.urn}" cannot be deleted because it is protected. To unprotect it, set its option protect to false in the program, and run \`pushpool up\`. ` +
        `If the program cannot declare it, set its "protect" to false in ${statePath}`,
    );
  const { urn, id = "", inputs = {}, outputs = {}, deletedWith, customTimeouts } = old;
  if (preview || !old.custom || old.external || old.retainOnDelete || isProviderType(old.type)) return;
  if (deletedWith && isDeleted(deletedWith)) return;
  const provider = await registry.providerOf(old);
  await provider.delete({ urn, id, inputs, outputs, timeout: customTimeouts?.delete ?? 0 });
}

/** The resource with these outputs. An output is secret if a secret input or `additionalSecretOutputs` makes it so. */
export function withSecretOutputs(resource: Resource, outputs: Properties): Resource {
  return withOutputs(resource, withSecretsAt(withSecretsLike(outputs, resource.inputs ?? {}), resource.additionalSecretOutputs ?? []));
}

function withInputs(resource: Resource, inputs: Properties): Resource {
  const { inputs: _, ...rest } = resource;
  return Object.keys(inputs).length > 0 ? { ...rest, inputs } : rest;
}
