import type { JsonObject } from "../json";

/** The configuration of a resource kind, from the stack or from an explicit provider. Passed once per process. */
export interface Configuring {
  config: { get(key: string): string | undefined; require(key: string): string };
}

/** A problem of a resource's inputs. A `property` of `""` means the whole resource. */
export interface CheckFailure {
  property: string;
  reason: string;
}

/**
 * The operations of a dynamic resource kind, in Pulumi's terms (https://www.pulumi.com/docs/iac/concepts/resources/dynamic-providers/).
 * Inputs and outputs may come from the state of an older pushpool.
 *
 * Values arrive in plain text, secret or not. In a preview an unknown value is the placeholder of `src/unknown.ts`. Inputs and outputs also
 * contain Pulumi's own `__provider`, which Pulumi adds to every result.
 *
 * An error with `id`, `properties` and `reasons` from `create` or `update` means that the resource exists but is not ready. The state keeps
 * it with them, and the next `up` calls `update`.
 */
export interface Operations {
  configure?(request: Configuring): Promise<void>;
  /** @param olds the inputs of the state; empty for a resource that is new */
  check(olds: JsonObject, news: JsonObject): Promise<{ inputs: JsonObject; failures: CheckFailure[] }>;
  /** @param olds the outputs of the state */
  diff(id: string, olds: JsonObject, news: JsonObject): Promise<{ changes: boolean; replaces?: string[]; deleteBeforeReplace?: boolean }>;
  create(inputs: JsonObject): Promise<{ id: string; outs: Outs }>;
  /** @returns no id if the resource is gone: it is then removed from the state */
  read(id: string, props: JsonObject): Promise<{ id?: string; props?: Outs }>;
  update(id: string, olds: JsonObject, news: JsonObject): Promise<{ outs: Outs }>;
  delete(id: string, props: JsonObject): Promise<void>;
}

/** The outputs for the state. Undefined values are left out. */
export type Outs = { [key: string]: JsonObject[string] | undefined };
