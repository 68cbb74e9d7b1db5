import type { TransformResourceOptions } from "@pulumi/pulumi/proto/resource_pb";
import type { Properties } from "./propertyWire";
import type { About, CheckFailure, Diff, Provider } from "./provider";
import type { StackConfig } from "./stackConfig";

/** The provider resource that a provider belongs to. */
export interface Identity {
  urn: string;
  id: string;
}

/** The operation in which a provider constructs a component or runs a method. It registers resources at `monitor`, as a program does. */
export interface Surroundings {
  project: string;
  stack: string;
  config: StackConfig;
  dryRun: boolean;
  parallel: number;
  monitor: string;
}

/** A remote component that its provider constructs. */
export interface Construction {
  type: string;
  name: string;
  parent: string;
  /** With output values. */
  inputs: Properties;
  inputDependencies: Record<string, string[]>;
  dependencies: string[];
  /** References by package. */
  providers: Record<string, string>;
  options: TransformResourceOptions;
}

/** A call of a method of a component or a provider. */
export interface MethodCall {
  token: string;
  /** With output values, and `__self__`. */
  args: Properties;
  argDependencies: Record<string, string[]>;
}

/** What a provider returns, and the URNs of the resources on which each property depends. */
export interface WithDependencies {
  values: Properties;
  dependencies: Record<string, string[]>;
}

/** A provider with the calls about the provider itself. It is configured before the calls about resources. */
export interface HostedProvider extends Provider {
  checkConfig(request: About & { olds: Properties; news: Properties }): Promise<{ inputs: Properties; failures: CheckFailure[] }>;
  diffConfig(request: About & { oldInputs: Properties; oldOutputs: Properties; inputs: Properties }): Promise<Diff>;
  configure(identity: Identity, inputs: Properties): Promise<void>;
  invoke(token: string, args: Properties, preview: boolean): Promise<InvokeResult>;
  /** @returns `undefined` if its configuration is not known yet: then there is no component either */
  construct(construction: Construction, surroundings: Surroundings): Promise<({ urn: string } & WithDependencies) | undefined>;
  call(call: MethodCall, surroundings: Surroundings): Promise<{ failures: CheckFailure[] } & WithDependencies>;
  /** The schema of its package, as JSON; `undefined` if it serves none. */
  schema(): Promise<string | undefined>;
  cancel(): Promise<void>;
}

/** The answer of a provider function. `unknown`: the provider cannot be called yet. */
export type InvokeResult = { kind: "returned"; value: Properties; failures: CheckFailure[] } | { kind: "unknown" };
