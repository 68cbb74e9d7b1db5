import type { CommonFault } from "../shared/exchange";
import { AwsError, throttled } from "./awsError";

/** How a call fails. */
export type AwsFault =
  | CommonFault
  /** AWS refuses the call with this message, before it looks at it. */
  | { kind: "refuse"; type: string; message: string }
  /** `RunTask` answers 200 with a failure and no task. */
  | { kind: "failure"; reason: string; detail?: string };

/** The error of a fault because of which AWS does not look at a call. */
export function errorOf(fault: AwsFault): AwsError | undefined {
  switch (fault.kind) {
    case "throttle":
      return throttled();
    case "unavailable":
      return new AwsError("ServiceUnavailableException", "Service is unavailable. Try again later.", 503);
    case "internal":
      return new AwsError("ServerException", "Service Unavailable. Please try again later.", 500);
    case "refuse":
      return new AwsError(fault.type, fault.message);
    default:
      return undefined;
  }
}
