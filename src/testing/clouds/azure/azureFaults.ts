import type { CommonFault } from "../shared/exchange";
import { ArmError, gatewayError } from "./azureErrors";
import type { StartTrouble } from "./groupLife";

/** What goes wrong with a call. */
export type Fault =
  | CommonFault
  /** Azure refuses it in its own words, before it looks at the call. `gateway`: Resource Manager itself does. */
  | { kind: "refuse"; status: number; code: string; message: string; gateway?: boolean; retryAfter?: number }
  /** The region is out of capacity: a container group is not made. */
  | { kind: "noCapacity"; location?: string }
  /** A registry does not answer for a while: a container group is not made. */
  | { kind: "registryError"; registry?: string }
  /** The container group is made, and then does not start. */
  | { kind: StartTrouble };

/** The error of a fault because of which Azure does not look at a call. */
export function errorOf(fault: Fault): ArmError | undefined {
  switch (fault.kind) {
    case "refuse": {
      const headers: Record<string, string> = fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) };
      return fault.gateway
        ? gatewayError(fault.status, fault.code, fault.message, { headers })
        : new ArmError(fault.status, fault.code, fault.message, { headers });
    }
    case "throttle":
      return gatewayError(
        429,
        "SubscriptionRequestsThrottled",
        "Number of requests for the subscription exceeded. Please try again after '1' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.",
        { headers: { "retry-after": "1" } },
      );
    case "noCapacity":
      return new ArmError(
        409,
        "ServiceUnavailable",
        `The requested resource is not available in the location '${fault.location ?? "westeurope"}' at this moment. Please retry with a different resource request or in another location. Resource requested: '1' CPU '1' GB memory 'Linux' OS`,
      );
    case "registryError":
      return new ArmError(
        409,
        "RegistryErrorResponse",
        `An error response is received from the docker registry '${fault.registry ?? "index.docker.io"}'. Please retry later.`,
      );
    case "internal":
      return new ArmError(500, "InternalServerError", "An internal server error occurred. Please retry later.");
    case "unavailable":
      return gatewayError(
        503,
        "ServerTimeout",
        "The request timed out. Diagnostic information: timestamp '', subscription id '', tracking id ''.",
      );
    default:
      return undefined;
  }
}
