import { createRequire } from "node:module";
import { join } from "node:path";
import type * as grpc from "@grpc/grpc-js";
import type * as alias from "@pulumi/pulumi/proto/alias_pb";
import type * as callback from "@pulumi/pulumi/proto/callback_pb";
import type * as engine from "@pulumi/pulumi/proto/engine_pb";
import type * as errors from "@pulumi/pulumi/proto/errors_pb";
import type * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import type * as provider from "@pulumi/pulumi/proto/provider_pb";
import type * as resource from "@pulumi/pulumi/proto/resource_pb";
import type * as status from "@pulumi/pulumi/proto/status_pb";
import type * as empty from "google-protobuf/google/protobuf/empty_pb";
import type * as struct from "google-protobuf/google/protobuf/struct_pb";
import { UserError } from "../../userError";

/** One installed copy of `@pulumi/pulumi`: its program runner and its version of the protocol. */
export interface PulumiSdk {
  /** Path of `cmd/run`. */
  runner: string;
  /** Path of `cmd/dynamic-provider`. */
  dynamicProvider: string;
  /**
   * The services and messages. They must come from the same copy: gRPC rejects a message of another copy.
   * Clients and servers use our own gRPC, because the SDK may contain another copy of it.
   */
  load(): Protocol;
}

export interface Protocol {
  engineService: grpc.ServiceDefinition;
  monitorService: grpc.ServiceDefinition;
  providerService: grpc.ServiceDefinition;
  callbackService: grpc.ServiceDefinition;
  alias: typeof alias;
  callback: typeof callback;
  errors: typeof errors;
  engine: typeof engine;
  resource: typeof resource;
  provider: typeof provider;
  plugin: typeof plugin;
  status: typeof status;
  empty: typeof empty;
  struct: typeof struct;
}

/**
 * Find the SDK that a program uses: in its own `node_modules`, else beside pushpool.
 * @param folder of the program
 * @throws {UserError} if there is none
 */
export function findSdk(folder: string): PulumiSdk {
  for (const from of [join(folder, "program.js"), __filename]) {
    const resolve = createRequire(from).resolve;
    try {
      const runner = resolve("@pulumi/pulumi/cmd/run");
      return { runner, dynamicProvider: resolve("@pulumi/pulumi/cmd/dynamic-provider"), load: () => load(runner) };
    } catch {
      // Not installed there: try the next place.
    }
  }
  throw new UserError(`@pulumi/pulumi is not installed for the program in ${folder}: run \`npm install @pulumi/pulumi\` there`);
}

function load(runner: string): Protocol {
  const from = createRequire(runner);
  return {
    providerService: (from("@pulumi/pulumi/proto/provider_grpc_pb") as { ResourceProviderService: grpc.ServiceDefinition })
      .ResourceProviderService,
    engineService: (from("@pulumi/pulumi/proto/engine_grpc_pb") as { EngineService: grpc.ServiceDefinition }).EngineService,
    monitorService: (from("@pulumi/pulumi/proto/resource_grpc_pb") as { ResourceMonitorService: grpc.ServiceDefinition })
      .ResourceMonitorService,
    callbackService: (from("@pulumi/pulumi/proto/callback_grpc_pb") as { CallbacksService: grpc.ServiceDefinition }).CallbacksService,
    alias: from("@pulumi/pulumi/proto/alias_pb") as typeof alias,
    callback: from("@pulumi/pulumi/proto/callback_pb") as typeof callback,
    errors: from("@pulumi/pulumi/proto/errors_pb") as typeof errors,
    engine: from("@pulumi/pulumi/proto/engine_pb") as typeof engine,
    resource: from("@pulumi/pulumi/proto/resource_pb") as typeof resource,
    provider: from("@pulumi/pulumi/proto/provider_pb") as typeof provider,
    plugin: from("@pulumi/pulumi/proto/plugin_pb") as typeof plugin,
    status: from("@pulumi/pulumi/proto/status_pb") as typeof status,
    empty: from("google-protobuf/google/protobuf/empty_pb") as typeof empty,
    struct: from("google-protobuf/google/protobuf/struct_pb") as typeof struct,
  };
}
