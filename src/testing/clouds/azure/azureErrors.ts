import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../json";
import { CloudError } from "../shared/exchange";

/** What an error of Azure Resource Manager may have beside its code and message. */
export interface ArmErrorMore {
  target?: string;
  details?: JsonObject[];
  additionalInfo?: JsonObject[];
  headers?: Record<string, string>;
}

/** An error as Azure Resource Manager, or a resource provider behind it, answers it. */
export class ArmError extends CloudError {
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    readonly code: string,
    message: string,
    { headers = {}, ...more }: ArmErrorMore = {},
  ) {
    super(message, status, { error: { code, message, ...more } });
    this.headers = headers;
  }
}

/** An error of Resource Manager itself, before a provider gets the call. */
export function gatewayError(status: number, code: string, message: string, { headers = {}, ...more }: ArmErrorMore = {}): ArmError {
  return new ArmError(status, code, message, { ...more, headers: { "x-ms-failure-cause": "gateway", ...headers } });
}

/** An error as Microsoft Entra's token endpoint answers it. `code`: the number after AADSTS. */
export class EntraError extends CloudError {
  constructor(
    status: number,
    readonly error: "invalid_client" | "invalid_request" | "invalid_scope" | "invalid_tenant" | "unauthorized_client",
    readonly code: number,
    message: string,
    correlation: string = randomUUID(),
  ) {
    const trace = randomUUID();
    const timestamp = new Date().toISOString().replace("T", " ").replace(/\.\d+/, "");
    super(message, status, {
      error,
      error_description: `AADSTS${code}: ${message}\r\nTrace ID: ${trace}\r\nCorrelation ID: ${correlation}\r\nTimestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
    });
  }
}

export function resourceNotFound(type: string, name: string, resourceGroup: string): ArmError {
  return gatewayError(
    404,
    "ResourceNotFound",
    `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

export function resourceGroupNotFound(name: string): ArmError {
  return gatewayError(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`);
}
