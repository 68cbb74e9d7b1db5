import type { Properties } from "../propertyWire";
import type { Provider } from "../provider";
import type { Resource } from "../state/stackStore";
import { type DiffDecision, decideOnDiff, replaceBecauseOf } from "./diffDecision";
import type { Goal } from "./goal";
import { invalidInputs } from "./refusals";

/** The providers that the planner asks. Asking changes nothing. */
export interface Providers {
  /** The provider of a resource. For a provider resource it is the registry itself. */
  providerOf(resource: Pick<Resource, "type" | "provider" | "urn">): Promise<Provider>;
  /** Whether a resource must be replaced when it moves from one provider to another. */
  mustReplace(oldReference: string, reference: string): Promise<boolean>;
}

/**
 * The inputs as the provider completes them.
 * @throws {PlanFailed} if it does not accept them
 */
export async function checkedInputs(
  provider: Provider,
  { urn, olds, news, seed }: { urn: string; olds: Properties; news: Properties; seed: Buffer },
): Promise<Properties> {
  const { inputs, failures } = await provider.check({ urn, olds, news, seed });
  if (failures.length > 0) throw invalidInputs(urn, news, failures);
  return inputs;
}

/** What must be done about the difference between a resource of the state and the program. */
export async function decisionOf(
  providers: Providers,
  provider: Provider,
  { old, next, goal }: { old: Resource; next: Resource; goal: Goal },
): Promise<DiffDecision> {
  const [from, to] = [old.provider, next.provider];
  if (from && to && from !== to && (await providers.mustReplace(from, to))) return replaceBecauseOf("provider");
  const { urn, inputs = {} } = next;
  const { id = "", inputs: oldInputs = {}, outputs: oldOutputs = {} } = old;
  const { ignoreChanges, replaceOnChanges } = goal;
  const diff = await provider.diff({ urn, id, oldInputs, oldOutputs, inputs, ignoreChanges });
  return decideOnDiff(diff, { oldInputs, inputs, ignoreChanges, replaceOnChanges });
}

/** The properties because of which the provider would replace a resource; `undefined`: it would not. */
export async function replacementKeys(providers: Providers, resource: Resource, inputs: Properties): Promise<string[] | undefined> {
  const { urn, id = "", inputs: oldInputs = {}, outputs: oldOutputs = {} } = resource;
  const provider = await providers.providerOf(resource);
  const { replaces } = await provider.diff({ urn, id, oldInputs, oldOutputs, inputs, ignoreChanges: [] });
  return replaces.length > 0 ? replaces : undefined;
}
