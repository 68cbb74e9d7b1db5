import type { Properties } from "./propertyWire";

/** A property that the provider rejects. */
export interface CheckFailure {
  property: string;
  reason: string;
}

export const PROPERTY_CHANGES = ["add", "add-replace", "delete", "delete-replace", "update", "update-replace"] as const;
export type PropertyChange = (typeof PROPERTY_CHANGES)[number];

/** How one property differs. `input`: the difference is between the inputs, else between inputs and outputs. */
export interface PropertyDiff {
  kind: PropertyChange;
  input: boolean;
}

/** A provider's answer about the difference between a resource and its wanted inputs. */
export interface Diff {
  /** "unknown": the provider leaves it to the engine to compare the inputs. */
  changes: "none" | "some" | "unknown";
  /** Properties that cause a replacement. */
  replaces: string[];
  /** Top-level properties that differ. */
  diffs: string[];
  /** By property path. Absent if the provider gives no details. */
  detailed?: Record<string, PropertyDiff>;
  deleteBeforeReplace: boolean;
}

export interface About {
  urn: string;
}

/** The result of a read. */
export interface ReadResult {
  /** Empty if the resource no longer exists. */
  id: string;
  outputs: Properties;
  /** Absent if the provider does not return inputs. */
  inputs?: Properties;
  /** Why its initialization failed. */
  initErrors: string[];
}

/**
 * The calls of the engine to a provider (pulumi/provider.proto). Properties are in wire format, with secrets marked.
 * A provider without support for secrets gets them in plain text, and the caller marks them again in its answers.
 */
export interface Provider {
  check(request: About & { olds: Properties; news: Properties; seed: Buffer }): Promise<{ inputs: Properties; failures: CheckFailure[] }>;
  diff(
    request: About & { id: string; oldInputs: Properties; oldOutputs: Properties; inputs: Properties; ignoreChanges: string[] },
  ): Promise<Diff>;
  /** @throws {PartialFailure} if the resource was created, but its initialization failed */
  create(request: About & { inputs: Properties; timeout: number; preview: boolean }): Promise<{ id: string; outputs: Properties }>;
  /** @throws {PartialFailure} if the resource was updated, but its initialization failed */
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

/** An error with the provider's own message. */
export class ProviderError extends Error {
  constructor(
    message: string,
    /** Whether the provider does not implement the method. */
    readonly unimplemented = false,
    /** The inputs that the provider of a remote component rejects. */
    readonly rejected: readonly CheckFailure[] = [],
  ) {
    super(message);
  }
}

/** The resource exists, but its initialization failed. The state keeps it, with the reasons. */
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

/** What a provider says about a component or method that it rejects, with the properties concerned. Secret values are not shown. */
export function reasonOf(error: Error, inputs: Properties): string {
  const rejected = error instanceof ProviderError ? error.rejected : [];
  const lines = rejected.map(({ property, reason }) => {
    const value = inputs[property];
    const isShown = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    return `\n\t\t- property ${property}${isShown ? ` with value '${value}'` : ""} has a problem: ${reason}`;
  });
  return error.message + lines.join("");
}
