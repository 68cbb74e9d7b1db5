import type { JsonObject } from "../json";

/** What the stack's configuration, or an explicit provider's own inputs, give to a kind of resource; once a process. */
export interface Configuring {
  config: { get(key: string): string | undefined; require(key: string): string };
}

/** What is wrong with a resource's inputs; a `property` of `""` is the resource as a whole. */
export interface CheckFailure {
  property: string;
  reason: string;
}

/**
 * What a kind of dynamic resource does, in Pulumi's terms (https://www.pulumi.com/docs/iac/concepts/resources/dynamic-providers/). Nothing is
 * cast in stone: what an operation gets may have been written by an older pushpool.
 *
 * Values arrive in plain text, secret or not. In a preview, what is not known yet is {@link UNKNOWN}. Inputs and outputs bear the name `__provider`
 * too, which is Pulumi's; it is put back into whatever comes from here.
 *
 * An error with `id`, `properties` and `reasons` from `create` or `update` says that the thing is there but not as it should be: it goes into the
 * state with them, and the next `up` calls `update`.
 */
export interface Operations {
  configure?(request: Configuring): Promise<void>;
  /** @param olds the inputs of the state; empty for a resource that is new */
  check(olds: JsonObject, news: JsonObject): Promise<{ inputs: JsonObject; failures: CheckFailure[] }>;
  /** @param olds the outputs of the state */
  diff(id: string, olds: JsonObject, news: JsonObject): Promise<{ changes: boolean; replaces?: string[]; deleteBeforeReplace?: boolean }>;
  create(inputs: JsonObject): Promise<{ id: string; outs: Outs }>;
  /** @returns without an id if it is gone: the resource then leaves the state */
  read(id: string, props: JsonObject): Promise<{ id?: string; props?: Outs }>;
  update(id: string, olds: JsonObject, news: JsonObject): Promise<{ outs: Outs }>;
  delete(id: string, props: JsonObject): Promise<void>;
}

/** What goes into the state; `undefined` is left out on the way. */
export type Outs = { [key: string]: JsonObject[string] | undefined };

/** What stands in a preview for a value that is not known yet (Pulumi's protocol, `unknownValue`). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Whether any of a tree is not known yet. */
export function holdsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsUnknown);
}
