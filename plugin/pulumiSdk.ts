import type * as grpc from "@grpc/grpc-js";
import type * as pulumi from "@pulumi/pulumi";
import type * as provider from "@pulumi/pulumi/proto/provider_pb";
import type { Json, JsonObject } from "../src/json";

// The parts of Pulumi's SDK for node that a provider needs. The SDK has a provider too, but that one runs an analyzer in every process. It
// also ignores the configuration of an explicit provider, and hides which values are secret. These modules have no types.

/** Messages of Pulumi's protocol. They must come from the same copy as the SDK. */
export const proto = {
  provider: require("@pulumi/pulumi/proto/provider_pb") as typeof provider,
  plugin: require("@pulumi/pulumi/proto/plugin_pb") as typeof import("@pulumi/pulumi/proto/plugin_pb"),
  status: require("@pulumi/pulumi/proto/status_pb") as typeof import("@pulumi/pulumi/proto/status_pb"),
  empty: require("google-protobuf/google/protobuf/empty_pb") as typeof import("google-protobuf/google/protobuf/empty_pb"),
  any: require("google-protobuf/google/protobuf/any_pb") as typeof import("google-protobuf/google/protobuf/any_pb"),
  struct: require("google-protobuf/google/protobuf/struct_pb") as typeof import("google-protobuf/google/protobuf/struct_pb"),
};

export const providerService = (require("@pulumi/pulumi/proto/provider_grpc_pb") as { ResourceProviderService: grpc.ServiceDefinition })
  .ResourceProviderService;

interface Rpc {
  deserializeProperty(value: Json, keepUnknowns?: boolean): unknown;
  serializeResourceProperties(label: string, properties: object): Promise<[JsonObject, Map<string, Set<pulumi.Resource>>]>;
}

interface Settings {
  resetOptions(
    project: string,
    stack: string,
    parallel: number,
    engine: string,
    monitor: string,
    preview: boolean,
    organization: string,
  ): void;
  awaitFeatureSupport(): Promise<void>;
  waitForRPCs(): Promise<void>;
}

interface Internals {
  rpc: Rpc;
  settings: Settings;
  localState: { withLocalStorage<T>(work: () => Promise<T>): Promise<T>; getStore(): { settings: { monitor?: unknown } } };
  hooks: { hookBindingFromProto?(binding: unknown): pulumi.ResourceHookBinding | undefined };
  resource: {
    DependencyResource: new (urn: string) => pulumi.Resource;
    DependencyProviderResource: new (reference: string) => pulumi.ProviderResource;
  };
  output: {
    Output: new (
      resources: pulumi.Resource[],
      value: Promise<unknown>,
      isKnown: Promise<boolean>,
      isSecret: Promise<boolean>,
      allResources: Promise<Iterable<pulumi.Resource>>,
    ) => pulumi.Output<unknown>;
  };
}

let internals: Internals | undefined;

/** Loaded when something is constructed: it takes most of the time of the process. */
export function pulumiInternals(): Internals {
  // Each construction asks several times, and looking a module up takes longer than most steps of it.
  internals ??= {
    rpc: require("@pulumi/pulumi/runtime/rpc"),
    settings: require("@pulumi/pulumi/runtime/settings"),
    localState: require("@pulumi/pulumi/runtime/state"),
    hooks: require("@pulumi/pulumi/runtime/resource"),
    resource: require("@pulumi/pulumi/resource"),
    output: require("@pulumi/pulumi/output"),
  };
  return internals;
}

/** A resource outside this process, of which only the URN is known. */
export function resourceAt(urn: string): pulumi.Resource {
  const { DependencyResource } = pulumiInternals().resource;
  return new DependencyResource(urn);
}

/** @param reference its URN and id, as Pulumi writes them: `<urn>::<id>` */
export function providerAt(reference: string): pulumi.ProviderResource {
  const { DependencyProviderResource } = pulumiInternals().resource;
  return new DependencyProviderResource(reference);
}

/** What an output is: its value, and what is known about it. */
export interface OutputParts {
  value: unknown;
  isKnown: boolean;
  isSecret: boolean;
  resources: readonly pulumi.Resource[];
}

/** Wait for an output, known or not. */
export async function partsOf(output: pulumi.Output<unknown>): Promise<OutputParts> {
  const inside = output as unknown as {
    isKnown: Promise<boolean>;
    isSecret: Promise<boolean>;
    promise(): Promise<unknown>;
    allResources?(): Promise<Set<pulumi.Resource>>;
    resources(): Set<pulumi.Resource>;
  };
  const resources = [...((await inside.allResources?.()) ?? inside.resources())];
  const isKnown = await inside.isKnown;
  return { value: isKnown ? await inside.promise() : undefined, isKnown, isSecret: await inside.isSecret, resources };
}

/** An output of such parts, which need not be ready. */
export function outputOfParts(parts: Promise<OutputParts>): pulumi.Output<unknown> {
  const { Output } = pulumiInternals().output;
  return new Output(
    [],
    parts.then(({ value }) => value),
    parts.then(({ isKnown }) => isKnown),
    parts.then(({ isSecret }) => isSecret),
    parts.then(({ resources }) => new Set(resources)),
  );
}

/**
 * An output of other resources. The public functions cannot make one that is unknown, or that depends on a resource.
 * @param value with the URNs of the resources
 */
export function outputOf({
  resources,
  ...value
}: Omit<OutputParts, "resources"> & { resources: readonly string[] }): pulumi.Output<unknown> {
  const { Output } = pulumiInternals().output;
  return new Output(
    resources.map(resourceAt),
    Promise.resolve(value.value),
    Promise.resolve(value.isKnown),
    Promise.resolve(value.isSecret),
    Promise.resolve([]),
  );
}
