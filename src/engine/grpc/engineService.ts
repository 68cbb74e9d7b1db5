import type * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import engine from "@pulumi/pulumi/proto/engine_pb";
import empty from "google-protobuf/google/protobuf/empty_pb";
import type { EngineEvent } from "../events";
import { unary } from "./server";

const SEVERITIES = ["debug", "info", "warning", "error"] as const;

/** Pulumi's Engine service: the program's log lines, and which resource is the stack. */
export function engineService(
  onLog: (event: EngineEvent & { kind: "diagnostic" }) => void,
): [grpc.ServiceDefinition, grpc.UntypedServiceImplementation] {
  let root = "";
  return [
    EngineService as unknown as grpc.ServiceDefinition,
    {
      log: unary((request: engine.LogRequest) => {
        const urn = request.getUrn();
        onLog({
          kind: "diagnostic",
          severity: SEVERITIES[request.getSeverity()] ?? "info",
          message: request.getMessage(),
          ...(urn ? { urn } : {}),
        });
        return new empty.Empty();
      }),
      getRootResource: unary(() => {
        const response = new engine.GetRootResourceResponse();
        response.setUrn(root);
        return response;
      }),
      setRootResource: unary((request: engine.SetRootResourceRequest) => {
        root = request.getUrn();
        return new engine.SetRootResourceResponse();
      }),
      startDebugging: unary(() => new empty.Empty()),
      requirePulumiVersion: unary(() => new engine.RequirePulumiVersionResponse()),
    },
  ];
}
