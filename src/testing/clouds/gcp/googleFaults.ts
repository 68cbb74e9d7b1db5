import type { CommonFault } from "../shared/exchange";
import { type Code, errorInfo, GoogleError } from "./googleError";

/** How a call fails. */
export type Fault =
  | CommonFault
  /** Google refuses the call with this message, before it looks at it. `reason` is that of its ErrorInfo. */
  | { kind: "refuse"; code: Code; message: string; reason?: string };

/** The error of a fault because of which Google does not look at a call. */
export function errorOf(fault: Fault): GoogleError | undefined {
  switch (fault.kind) {
    case "refuse":
      return new GoogleError(fault.code, fault.message, fault.reason === undefined ? [] : [errorInfo(fault.reason, {})]);
    case "throttle":
      return new GoogleError(
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'Job run requests' and limit 'Job run requests per minute per region' of service 'run.googleapis.com'.",
      );
    case "internal":
      return new GoogleError("INTERNAL", "Internal error encountered.");
    case "unavailable":
      return new GoogleError("UNAVAILABLE", "The service is currently unavailable.");
    default:
      return undefined;
  }
}
