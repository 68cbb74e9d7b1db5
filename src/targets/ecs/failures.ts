import { UserError } from "../../userError";
import { isUnsent, networkCode } from "../networkErrors";
import { remedy } from "./permissions";

/**
 * How a call to AWS failed:
 *
 * - `throttled`: refused for now; nothing was done.
 * - `unsent`: it cannot have reached AWS. `unclear`: it may or may not have been done.
 * - `unauthenticated`: AWS does not know the key, or not yet. `denied`: a permission is missing, or not there yet.
 * - `young`: something that was just made is not known everywhere yet, in AWS' own words.
 * - `missing`: no such cluster, group, stream, task or definition. `inactive`: a task definition that was deregistered.
 * - `conflict`: the token was used for another request; `existing` are its tasks.
 * - `capacity`: no room for the task just now.
 * - `refused`: anything else that will not come right by itself.
 */
export type FailureKind =
  | "throttled"
  | "unsent"
  | "unclear"
  | "unauthenticated"
  | "denied"
  | "young"
  | "missing"
  | "inactive"
  | "conflict"
  | "capacity"
  | "refused";

export class AwsFailure extends Error {
  override readonly name = "AwsFailure";

  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly existing: readonly string[] = [],
  ) {
    super(message);
  }
}

const BY_NAME: Record<string, FailureKind> = {
  ThrottlingException: "throttled",
  TooManyRequestsException: "throttled",
  RequestLimitExceeded: "throttled",
  UnrecognizedClientException: "unauthenticated",
  InvalidClientTokenId: "unauthenticated",
  InvalidSignatureException: "unauthenticated",
  SignatureDoesNotMatch: "unauthenticated",
  ExpiredTokenException: "unauthenticated",
  MissingAuthenticationTokenException: "unauthenticated",
  IncompleteSignatureException: "unauthenticated",
  CredentialsProviderError: "unauthenticated",
  AccessDeniedException: "denied",
  ClusterNotFoundException: "missing",
  ResourceNotFoundException: "missing",
  ConflictException: "conflict",
};

/** Turn what a call threw into an {@link AwsFailure}; what comes from no call is thrown as it is: a bug. */
export function asFailure(error: unknown): AwsFailure {
  if (error instanceof AwsFailure) return error;
  if (!(error instanceof Error)) throw error;
  const message = error.message.replaceAll(/\s*\n\s*/g, " ").trim() || error.name;
  const { $metadata, resourceIds } = error as { $metadata?: { httpStatusCode?: number }; resourceIds?: string[] };
  if (error.name === "CredentialsProviderError") return new AwsFailure("unauthenticated", NO_LOGIN);
  const network = networkCode(error);
  if (network !== undefined && isUnsent(network)) return new AwsFailure("unsent", `${message} (${network})`);
  const status = $metadata?.httpStatusCode;
  const told = `${error.name}: ${message}`;
  if (/unable to assume|service linked role|role is not valid|isn't authorized to assume/i.test(message))
    return new AwsFailure("young", told);
  if (/inactive/i.test(message) && /taskdefinition|task definition/i.test(message)) return new AwsFailure("inactive", told);
  if (error.name === "ClientException" && /unable to (describe|find) task ?definition/i.test(message))
    return new AwsFailure("missing", told);
  if (error.name === "ClientException" && /too many concurrent attempts/i.test(message)) return new AwsFailure("throttled", told);
  // What ECS finds forbidden while it checks a request, as passing a role, it may answer by another name.
  const kind = BY_NAME[error.name] ?? (/is not authorized to perform: /.test(message) ? "denied" : undefined);
  if (kind) return new AwsFailure(kind, told, resourceIds ?? []);
  if (status !== undefined && status >= 400)
    return new AwsFailure(status === 429 ? "throttled" : status >= 500 ? "unclear" : "refused", told);
  if (
    network !== undefined ||
    status !== undefined ||
    /^(TimeoutError|AbortError|SyntaxError)$/.test(error.name) ||
    /socket hang up|timed out/i.test(message)
  )
    return new AwsFailure("unclear", message);
  throw error;
}

const NO_LOGIN =
  "there are no AWS credentials here: log in with `aws sso login` or `aws configure`, or give the work pool a credentials block";

/** What `RunTask` answers with HTTP 200 where it started nothing (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html). */
export function failureOf({ reason = "", detail, arn }: { reason?: string; detail?: string; arn?: string }): AwsFailure {
  const told = [reason, detail].filter(Boolean).join(": ") + (arn ? ` (${arn})` : "");
  if (/^(RESOURCE:|AGENT|Capacity is unavailable)/i.test(reason)) return new AwsFailure("capacity", told);
  if (/inactive/i.test(reason)) return new AwsFailure("missing", told);
  return new AwsFailure("refused", told);
}

/** Whether the same call may do better later. */
export function mayPass({ kind }: AwsFailure): boolean {
  return kind === "throttled" || kind === "unsent" || kind === "unclear";
}

/** What a user hears when a call has failed for good: exit code 5. */
export function refusal(
  what: string,
  failure: AwsFailure,
  { region, accessKeyId, pool }: { region: string; accessKeyId?: string; pool: string },
): UserError {
  const as = accessKeyId === undefined ? "your own AWS login" : `access key ${accessKeyId}`;
  const why = failure.message;
  switch (failure.kind) {
    case "denied":
      return new UserError(`${what} is not allowed to ${as}: ${why}${remedy(why, accessKeyId)}`, 5);
    case "unauthenticated":
      if (/scoped to a valid region/i.test(why))
        return new UserError(
          `${what}: nothing in AWS answers there for ${region}: look at "region_name" of work pool "${pool}"'s credentials block, and at its endpoints: ${why}`,
          5,
        );
      return new UserError(
        why === NO_LOGIN ? NO_LOGIN : `${what}: AWS does not accept ${as}; it may be deleted, inactive or expired: ${why}`,
        5,
      );
    case "throttled":
      return new UserError(`${what}: AWS allows no more calls just now: ${why}`, 5);
    case "unsent":
    case "unclear":
      return new UserError(`${what}: AWS cannot be reached in ${region}: ${why}`, 5);
    case "capacity":
      return new UserError(`${what}: there is no room for it in work pool "${pool}" just now, and nothing was started: ${why}`, 5);
    case "missing":
      return new UserError(`${what}: not found in region ${region}: ${why}`, 5);
    default:
      if (/No Container Instances were found/i.test(why))
        return new UserError(
          `${what}: the cluster has no machines of its own to run it on: register some, or set launch_type to FARGATE: ${why}`,
          5,
        );
      return new UserError(`${what} was refused by AWS: ${why}`, 5);
  }
}
