import type { JsonObject } from "../../../json";
import { CloudError } from "../shared/exchange";

/** google.rpc.Code names with their HTTP status. */
const STATUS = {
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
} as const;

export type Code = keyof typeof STATUS;

/** An error in the form of Google's APIs. */
export class GoogleError extends CloudError {
  constructor(
    readonly code: Code,
    message: string,
    details: JsonObject[] = [],
  ) {
    const error = { code: STATUS[code], message, status: code };
    super(message, STATUS[code], { error: details.length > 0 ? { ...error, details } : error });
  }
}

export function notFound(kind: string, id: string, region: string, project: string): GoogleError {
  return new GoogleError("NOT_FOUND", `Resource '${id}' of kind '${kind}' in region '${region}' in project '${project}' does not exist.`);
}

export function errorInfo(reason: string, metadata: Record<string, string>, domain = "googleapis.com"): JsonObject {
  return { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain, metadata };
}

export function denied(permission: string, resource: string): GoogleError {
  return new GoogleError("PERMISSION_DENIED", `Permission '${permission}' denied on resource '${resource}' (or resource may not exist).`, [
    errorInfo("IAM_PERMISSION_DENIED", { permission, resource }, "iam.googleapis.com"),
  ]);
}
