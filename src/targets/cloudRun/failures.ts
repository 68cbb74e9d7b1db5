import { UserError } from "../../userError";
import { isUnsent, networkCode } from "../networkErrors";
import { type Denied, remedy } from "./permissions";

/**
 * How a call to Google failed:
 *
 * - `throttled`: refused for now (429); nothing was done.
 * - `unsent`: it cannot have reached Google.
 * - `unclear`: it may or may not have been done (5xx, connection lost, no answer in time).
 * - `unauthenticated`: Google does not know the key, or not yet.
 * - `denied`: a permission is missing, or not there yet. `disabled`: the API is not switched on.
 * - `missing`, `exists`, `precondition`: as Google's NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION and ABORTED.
 * - `refused`: anything else that will not come right by itself.
 */
export type FailureKind =
  | "throttled"
  | "unsent"
  | "unclear"
  | "unauthenticated"
  | "denied"
  | "disabled"
  | "missing"
  | "exists"
  | "precondition"
  | "refused";

/** A failed call, in one form whether it comes from the SDK (gRPC's numbers) or from plain HTTP. */
export class CloudFailure extends Error {
  override readonly name = "CloudFailure";

  constructor(
    readonly kind: FailureKind,
    message: string,
  ) {
    super(message);
  }
}

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const BY_CODE: Record<number, FailureKind> = {
  2: "unclear",
  3: "refused",
  4: "unclear",
  5: "missing",
  6: "exists",
  7: "denied",
  8: "throttled",
  9: "precondition",
  10: "precondition",
  13: "unclear",
  14: "unclear",
  16: "unauthenticated",
};

const BY_STATUS: Record<number, FailureKind> = {
  400: "refused",
  401: "unauthenticated",
  403: "denied",
  404: "missing",
  409: "exists",
  429: "throttled",
};

/** Turn what a call threw into a {@link CloudFailure}; what comes from no call is thrown as it is: a bug. */
export function asFailure(error: unknown): CloudFailure {
  if (error instanceof CloudFailure) return error;
  if (!(error instanceof Error)) throw error;
  const message = plain(error.message);
  const network = networkCode(error);
  if (network !== undefined && isUnsent(network)) return new CloudFailure("unsent", `${message} (${network})`);
  if (/could not load the default credentials|unable to detect a project/i.test(message))
    return new CloudFailure("unauthenticated", NO_LOGIN);
  // The token endpoint's answer to a key that it does not know, or not yet.
  if (/invalid_grant|invalid_client|Invalid JWT/i.test(message)) return new CloudFailure("unauthenticated", message);
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  const status = (error as { response?: { status?: number } }).response?.status ?? (error as { status?: number }).status;
  if (reason === "SERVICE_DISABLED" || /has not been used in project|it is disabled/i.test(message))
    return new CloudFailure("disabled", message);
  if (typeof code === "number" && BY_CODE[code]) return new CloudFailure(BY_CODE[code], message);
  if (typeof status === "number") return new CloudFailure(BY_STATUS[status] ?? (status >= 500 ? "unclear" : "refused"), message);
  if (network !== undefined || error.name === "AbortError" || error.name === "TimeoutError") return new CloudFailure("unclear", message);
  if (error.name === "TypeError" && error.message === "fetch failed") return new CloudFailure("unclear", message);
  throw error;
}

const NO_LOGIN =
  "there are no Google Cloud credentials here: log in with `gcloud auth application-default login`, or give the work pool a credentials block";

/** Whether the same call may do better later. */
export function mayPass({ kind }: CloudFailure): boolean {
  return kind === "throttled" || kind === "unsent" || kind === "unclear";
}

/** What a user hears when a call has failed for good: exit code 5. */
export function refusal(what: string, failure: CloudFailure, who: Denied): UserError {
  const as = who.clientEmail === undefined ? "your own Google Cloud login" : who.clientEmail;
  const keyProject = /@([a-z0-9.:-]+?)\.iam\.gserviceaccount\.com$/.exec(who.clientEmail ?? "")?.[1];
  const elsewhere =
    keyProject !== undefined && keyProject !== who.project
      ? `; the key is of project "${keyProject}", the work pool's runs go to "${who.project}"`
      : "";
  switch (failure.kind) {
    case "denied":
      return new UserError(
        `${what} is not allowed to ${as}${elsewhere}: ${failure.message.replace(/\.$/, "")}${remedy(failure.message, who)}`,
        5,
      );
    case "disabled":
      return new UserError(`${what}: the API is disabled in project "${who.project}": ${failure.message}`, 5);
    case "unauthenticated":
      return new UserError(
        failure.message === NO_LOGIN ? NO_LOGIN : `${what}: Google does not accept the credentials of ${as}: ${failure.message}`,
        5,
      );
    case "throttled":
      return new UserError(`${what}: Google's quota is used up: ${failure.message}`, 5);
    case "unsent":
    case "unclear":
      return new UserError(`${what}: Google Cloud cannot be reached: ${failure.message}`, 5);
    default:
      return new UserError(`${what} was refused by Google Cloud: ${failure.message}`, 5);
  }
}

/** In some transports the message is the reply's JSON; a newline would break the one line that a message is. */
function plain(message: string): string {
  const [, inner] = /"message":\s*"((?:[^"\\]|\\.)*)"/.exec(message) ?? [];
  return (inner === undefined ? message : (JSON.parse(`"${inner}"`) as string)).replaceAll(/\s*\n\s*/g, " ").trim();
}
