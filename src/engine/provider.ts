import type { Properties } from "./wire";

/** A property that the provider refuses. */
export interface CheckFailure {
  property: string;
  reason: string;
}

export const PROPERTY_CHANGES = ["add", "add-replace", "delete", "delete-replace", "update", "update-replace"] as const;
export type PropertyChange = (typeof PROPERTY_CHANGES)[number];

/** How one property differs; `input`: between the inputs, else between inputs and outputs. */
export interface PropertyDiff {
  kind: PropertyChange;
  input: boolean;
}

/** What a provider says of the difference between a resource and what is wanted of it. */
export interface Diff {
  /** "unknown": the provider leaves it to the engine to compare the inputs. */
  changes: "none" | "some" | "unknown";
  /** Properties for whose sake the resource has to be replaced. */
  replaces: string[];
  /** Top-level properties that differ. */
  diffs: string[];
  /** By property path; absent where the provider gives none. */
  detailed?: Record<string, PropertyDiff>;
  deleteBeforeReplace: boolean;
}

interface About {
  urn: string;
}

/** What a read found. */
export interface ReadResult {
  /** Empty: it is not there any more. */
  id: string;
  outputs: Properties;
  /** Absent where the provider says nothing of them. */
  inputs?: Properties;
  /** Why it is there but not well. */
  initErrors: string[];
}

/**
 * What the engine asks of a provider (pulumi/provider.proto), in properties as they go over the wire, secrets marked. A provider that takes
 * no secrets gets them in plain, and what it answers is marked again by those who ask.
 */
export interface Provider {
  check(request: About & { olds: Properties; news: Properties; seed: Buffer }): Promise<{ inputs: Properties; failures: CheckFailure[] }>;
  diff(
    request: About & { id: string; oldInputs: Properties; oldOutputs: Properties; inputs: Properties; ignoreChanges: string[] },
  ): Promise<Diff>;
  /** @throws {PartialFailure} if it was made, but is not well */
  create(request: About & { inputs: Properties; timeout: number; preview: boolean }): Promise<{ id: string; outputs: Properties }>;
  /** @throws {PartialFailure} if it was changed, but is not well */
  update(
    request: About & {
      id: string;
      oldInputs: Properties;
      oldOutputs: Properties;
      inputs: Properties;
      timeout: number;
      ignoreChanges: string[];
      preview: boolean;
    },
  ): Promise<{ outputs: Properties }>;
  read(request: About & { id: string; inputs: Properties; outputs: Properties }): Promise<ReadResult>;
  delete(request: About & { id: string; inputs: Properties; outputs: Properties; timeout: number }): Promise<void>;
}

/** Which provider resource a provider stands for. */
export interface Identity {
  urn: string;
  id: string;
}

/** A provider with what belongs to the provider itself: it is configured before it is asked about resources. */
export interface HostedProvider extends Provider {
  checkConfig(request: About & { olds: Properties; news: Properties }): Promise<{ inputs: Properties; failures: CheckFailure[] }>;
  diffConfig(request: About & { oldInputs: Properties; oldOutputs: Properties; inputs: Properties }): Promise<Diff>;
  configure(identity: Identity, inputs: Properties): Promise<void>;
  invoke(token: string, args: Properties, preview: boolean): Promise<InvokeResult>;
  cancel(): Promise<void>;
}

/** What a function of a provider answers. `unknown`: the provider cannot be asked yet. */
export type InvokeResult = { kind: "returned"; value: Properties; failures: CheckFailure[] } | { kind: "unknown" };

/** A provider's own words on why it could not. */
export class ProviderError extends Error {
  constructor(
    message: string,
    /** Whether what was asked for may have happened all the same: the resource's state is then unknown. */
    readonly unimplemented = false,
  ) {
    super(message);
  }
}

/** Done, but the resource is not well: it is kept, with the reasons. */
export class PartialFailure extends Error {
  constructor(
    readonly id: string,
    readonly outputs: Properties,
    readonly reasons: string[],
    readonly inputs?: Properties,
  ) {
    const count = reasons.length === 1 ? "1 error" : `${reasons.length} errors`;
    super(`${count} occurred:\n${reasons.map((reason) => `\t* ${reason}\n`).join("")}\n`);
  }
}
