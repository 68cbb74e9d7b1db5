import type { JsonObject } from "../../../json";
import { CloudError } from "../shared/exchange";

/** An error in the form of AWS' JSON services: `__type` and a message. HTTP 400 blames the caller, 500 blames AWS. */
export class AwsError extends CloudError {
  constructor(
    readonly type: string,
    message: string,
    override readonly status: 400 | 403 | 404 | 409 | 500 | 503 = 400,
    more: JsonObject = {},
  ) {
    super(message, status, { __type: type, message, ...more });
  }
}

export const invalid = (message: string) => new AwsError("InvalidParameterException", message);
export const client = (message: string) => new AwsError("ClientException", message);
export const throttled = () => new AwsError("ThrottlingException", "Rate exceeded");
