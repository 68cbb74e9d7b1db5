import type { JsonObject } from "../../../json";

/** An error as AWS' JSON services answer it: `__type` and a message, HTTP 400 where the caller is to blame, 500 where AWS is. */
export class AwsError extends Error {
  constructor(
    readonly type: string,
    message: string,
    readonly status: 400 | 403 | 500 | 503 = 400,
    readonly more: JsonObject = {},
  ) {
    super(message);
  }

  get body(): JsonObject {
    return { __type: this.type, message: this.message, ...this.more };
  }
}

export const invalid = (message: string) => new AwsError("InvalidParameterException", message);
export const client = (message: string) => new AwsError("ClientException", message);
export const throttled = () => new AwsError("ThrottlingException", "Rate exceeded");
