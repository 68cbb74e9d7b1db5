import { isDeepStrictEqual } from "node:util";
import { type EngineEvent, type StepEvent, stepEvent } from "../engineEvents";
import { diffFields } from "../plan/decide";
import { type DiffDecision, decideOnDiff } from "../plan/diffDecision";
import { withOutputs } from "../plan/resource";
import { type Selection, Targets } from "../plan/targets";
import { type Properties, withSecretsAt, withSecretsLike } from "../propertyWire";
import type { PropertyChange, ReadResult } from "../provider";
import type { Registry } from "../providers/providerRegistry";
import type { Resource } from "../state/stackStore";
import type { Changes, Step } from "../state/step";
import { isDefaultProvider, isProviderType } from "../urn";

interface RefreshOptions {
  /** The resources to read. Others stay as they were. @default all */
  selection?: Selection;
  registry: Registry;
  parallel: number;
  onEvent: (event: EngineEvent) => void;
  onFailure: (urn: string, error: Error) => void;
  /** Records secrets to redact. */
  learn: (properties: Properties | undefined) => void;
  /** Interrupts the refresh. Resources that were not read yet stay as they were. */
  signal?: AbortSignal;
}

export interface RefreshResult {
  resources: Resource[];
  changes: Changes;
  steps: StepEvent[];
}

/**
 * Update the resources to match what the providers report. A resource that no longer exists is dropped, with all dependencies on it.
 * A resource that its provider cannot read stays as it was, and `onFailure` is called.
 */
export async function refreshResources(
  before: readonly Resource[],
  { selection, registry, parallel, onEvent, onFailure, learn, signal }: RefreshOptions,
): Promise<RefreshResult> {
  const found = new Map<Resource, Resource | undefined>();
  const changes: Changes = {};
  const steps: StepEvent[] = [];
  const targets = new Targets(selection);
  const queue = before.filter((resource) => targets.include(resource));
  const work = async () => {
    for (let old = queue.shift(); old && !signal?.aborted; old = queue.shift()) {
      const { urn, type } = old;
      onEvent({ kind: "pre", step: stepEvent({ op: "refresh", urn, type, old, next: old }) });
      try {
        const step = await read(old, registry, onEvent);
        found.set(old, step.next);
        learn(step.next?.inputs);
        learn(step.next?.outputs);
        if (!isDefaultProvider(urn)) changes[step.op] = (changes[step.op] ?? 0) + 1;
        const seen = stepEvent(step);
        if (step.op !== "same") steps.push(seen);
        onEvent({ kind: "outputs", step: seen });
      } catch (error) {
        onEvent({ kind: "failed", step: stepEvent({ op: "refresh", urn, type, old, next: old }) });
        onFailure(urn, error as Error);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  const resources = before.flatMap((old) => (found.has(old) ? (found.get(old) ?? []) : [old]));
  const existing = new Set(resources.map(({ urn }) => urn));
  return { resources: resources.map((resource) => withoutDanglingDependencies(resource, existing)), changes, steps };
}

/** Read a resource. The result is the step from the state to the provider's report. */
async function read(old: Resource, registry: Registry, onEvent: (event: EngineEvent) => void): Promise<Step> {
  const { urn, type, id = "", inputs: oldInputs = {}, outputs: oldOutputs = {}, ignoreChanges = [] } = old;
  if (!old.custom || isProviderType(type)) return { op: "same", urn, type, old, next: old };
  const provider = await registry.providerOf(old);
  const result = await provider.read({ urn, id, inputs: oldInputs, outputs: oldOutputs });
  if (result.id === "") return { op: "delete", urn, type, old };
  if (result.initErrors.length > 0) {
    const message = `Refreshed resource is in an unhealthy state:\n${result.initErrors.map((error) => `* ${error}`).join("\n")}`;
    onEvent({ kind: "diagnostic", severity: "warning", message, urn });
  }
  const inputs = result.inputs ?? oldInputs;
  const next = resourceAsRead(old, result);
  const differs = !isDeepStrictEqual(oldOutputs, next.outputs ?? {}) || !isDeepStrictEqual(oldInputs, next.inputs ?? {});
  // An external resource has no wanted inputs to compare with.
  if (old.external) return { op: differs ? "update" : "same", urn, type, old, next };
  const diff = await provider.diff({
    urn,
    id: result.id,
    oldInputs: inputs,
    oldOutputs: result.outputs,
    inputs: oldInputs,
    ignoreChanges,
  });
  const decision = decideOnDiff(diff, { oldInputs: inputs, inputs: oldInputs, ignoreChanges, replaceOnChanges: [] });
  return { op: differs ? "update" : "same", urn, type, old, next, ...diffFields(inverted(decision)) };
}

/** The provider compared the real resource with the state. A refresh goes in the opposite direction. */
function inverted(decision: DiffDecision): DiffDecision {
  const detailed = Object.entries(decision.detailed).map(([path, { kind, input }]) => [path, { kind: INVERSE[kind] ?? kind, input }]);
  return { ...decision, detailed: Object.fromEntries(detailed) };
}

const INVERSE: Partial<Record<PropertyChange, PropertyChange>> = {
  add: "delete",
  "add-replace": "delete-replace",
  delete: "add",
  "delete-replace": "add-replace",
};

function resourceAsRead(old: Resource, { id, inputs: read, outputs, initErrors }: ReadResult): Resource {
  const { initErrors: _, ...rest } = old;
  const inputs = read ? withSecretsLike(read, old.inputs ?? {}) : (old.inputs ?? {});
  const marked = withSecretsAt(withSecretsLike(outputs, inputs), old.additionalSecretOutputs ?? []);
  return withOutputs(
    { ...rest, id, ...(Object.keys(inputs).length > 0 ? { inputs } : {}), ...(initErrors.length > 0 ? { initErrors } : {}) },
    marked,
  );
}

/** The resource without dependencies on resources that no longer exist. A property without dependencies is not listed. */
function withoutDanglingDependencies(resource: Resource, existing: ReadonlySet<string>): Resource {
  const { dependencies = [], propertyDependencies = {}, ...rest } = resource;
  const left = dependencies.filter((urn) => existing.has(urn));
  const properties = Object.entries(propertyDependencies)
    .map(([key, urns]) => [key, (urns ?? []).filter((urn) => existing.has(urn))] as const)
    .filter(([, urns]) => urns.length > 0);
  return {
    ...rest,
    ...(left.length > 0 ? { dependencies: left } : {}),
    ...(properties.length > 0 ? { propertyDependencies: Object.fromEntries(properties) } : {}),
  };
}
