import type * as grpc from "@grpc/grpc-js";
import { UnaryClient } from "../src/engine/grpc/unaryClient";

type Done = (error: grpc.ServiceError | null, response?: unknown) => void;

/** Pulumi's ResourceMonitor as the SDK calls it. */
export type Monitor = Record<string, (request: unknown, done: Done) => void>;

/**
 * The client with which the SDK declares the resources of a component: two calls for each. It takes half the processor time of the SDK's
 * own client, which also adds the trace of a program to each call.
 * @param address of the engine's ResourceMonitor
 */
export function monitorAt(address: string): Monitor {
  const { ResourceMonitorService } = require("@pulumi/pulumi/proto/resource_grpc_pb") as { ResourceMonitorService: grpc.ServiceDefinition };
  const client = new UnaryClient(address);
  const unary = Object.entries(ResourceMonitorService).filter(([, { requestStream, responseStream }]) => !requestStream && !responseStream);
  const methods = unary.map(([name, method]) => [name, (request: unknown, done: Done) => client.call(method, request, done)]);
  return { ...(Object.fromEntries(methods) as Monitor), close: () => client.close() };
}
