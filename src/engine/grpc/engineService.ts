import { stripVTControlCharacters } from "node:util";
import type * as grpc from "@grpc/grpc-js";
import type * as engine from "@pulumi/pulumi/proto/engine_pb";
import type { EngineEvent } from "../engineEvents";
import { unary } from "./grpcServer";
import type { Protocol } from "./protocol";

const SEVERITIES = ["debug", "info", "warning", "error"] as const;

/** Pulumi's Engine service: the program's log lines, and which resource is the stack. */
export function engineService(
  protocol: Protocol,
  onLog: (event: EngineEvent & { kind: "diagnostic" }) => void,
): [grpc.ServiceDefinition, grpc.UntypedServiceImplementation] {
  const { engine, empty } = protocol;
  let root = "";
  return [
    protocol.engineService,
    {
      log: unary((request: engine.LogRequest) => {
        const urn = request.getUrn();
        onLog({
          kind: "diagnostic",
          severity: SEVERITIES[request.getSeverity()] ?? "info",
          // The SDK always colours stack traces. The terminal output decides on colour, not the SDK.
          message: stripVTControlCharacters(request.getMessage()),
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
