import { CloudFailure, type CommonKind, failureReader, textOfReply } from "../cloud/failure";

/**
 * Kinds of failure that only AWS has:
 *
 * - `wrongRegion`: the call is signed for another region than that of its endpoint.
 * - `clock`: AWS refuses the time of the signature; `clockOffset` says how far this machine's clock is off.
 * - `inactive`: the task definition was deregistered.
 * - `conflict`: the token was used for another request; `existing` are its tasks.
 * - `capacity`: no room for the task at the moment.
 */
export type AwsKind = "wrongRegion" | "clock" | "inactive" | "conflict" | "capacity";
export type AwsFailure = CloudFailure<AwsKind>;
export type FailureKind = AwsKind | CommonKind;

/**
 * By error code (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html, plus those of the services themselves and of
 * EC2).
 */
const BY_NAME: Record<string, FailureKind> = {
  BandwidthLimitExceeded: "throttled",
  EC2ThrottledException: "throttled",
  OperationAbortedException: "throttled",
  PriorRequestNotComplete: "throttled",
  ProvisionedThroughputExceededException: "throttled",
  RequestLimitExceeded: "throttled",
  RequestThrottled: "throttled",
  RequestThrottledException: "throttled",
  SlowDown: "throttled",
  ThrottledException: "throttled",
  Throttling: "throttled",
  ThrottlingException: "throttled",
  TooManyRequestsException: "throttled",
  TooManyUpdates: "throttled",
  AuthFailure: "unauthenticated",
  CredentialsProviderError: "unauthenticated",
  ExpiredToken: "unauthenticated",
  ExpiredTokenException: "unauthenticated",
  IDPRejectedClaim: "unauthenticated",
  IDPRejectedClaimException: "unauthenticated",
  IncompleteSignature: "unauthenticated",
  IncompleteSignatureException: "unauthenticated",
  InvalidAccessKeyId: "unauthenticated",
  InvalidClientTokenId: "unauthenticated",
  InvalidIdentityToken: "unauthenticated",
  InvalidIdentityTokenException: "unauthenticated",
  InvalidSignatureException: "unauthenticated",
  InvalidToken: "unauthenticated",
  MissingAuthenticationToken: "unauthenticated",
  MissingAuthenticationTokenException: "unauthenticated",
  NotAuthorized: "unauthenticated",
  RequestExpired: "unauthenticated",
  RequestInTheFuture: "unauthenticated",
  RequestTimeTooSkewed: "unauthenticated",
  SignatureDoesNotMatch: "unauthenticated",
  TokenProviderError: "unauthenticated",
  TokenRefreshRequired: "unauthenticated",
  UnrecognizedClientException: "unauthenticated",
  AccessDenied: "denied",
  AccessDeniedException: "denied",
  UnauthorizedException: "denied",
  UnauthorizedOperation: "denied",
  ClusterNotFoundException: "missing",
  ParameterNotFound: "missing",
  ResourceNotFoundException: "missing",
  InternalError: "unclear",
  InternalFailure: "unclear",
  InternalServerError: "unclear",
  InternalServerException: "unclear",
  RequestTimeout: "unclear",
  RequestTimeoutException: "unclear",
  ServerException: "unclear",
  ServiceUnavailable: "unclear",
  ServiceUnavailableException: "unclear",
  Unavailable: "unclear",
  ConflictException: "conflict",
};

/**
 * Messages that say more than the error code. ECS passes on errors of EC2, IAM and Fargate as `InvalidParameterException` or
 * `ClientException`. The first match counts.
 */
const BY_TEXT: readonly [RegExp, FailureKind][] = [
  [
    /\brate exceeded\b|\brequest limit exceeded\b|\btoo many requests\b|\btoo many concurrent attempts\b|\bErrorCode: (\w*Thrott\w*|RequestLimitExceeded|SlowDown)\b|has been throttled/i,
    "throttled",
  ],
  [
    /you can run concurrently|capacity is unavailable|\bErrorCode: (Insufficient\w+|\w+LimitExceeded)\b|\bvCPU (limit|quota)\b|reached (the|a) limit on the number of/i,
    "capacity",
  ],
  [/unable to assume|service linked role|role is not valid|isn't authorized to assume/i, "young"],
  [/is not authorized to perform: |\bErrorCode: UnauthorizedOperation\b/, "denied"],
  [/\bErrorCode: (AuthFailure|ExpiredToken|RequestExpired)\b/, "unauthenticated"],
  [
    /\bErrorCode: \w+\.NotFound\b|the referenced (cluster|task) was (not found|inactive)|unable to (describe|find) task ?definition/i,
    "missing",
  ],
  [/\bErrorCode: (InternalError|Unavailable|ServiceUnavailable)\b/, "unclear"],
];

/** The error codes of AWS and the SDK for a signature with a wrong time. */
const CLOCK = new Set(["RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"]);
/** AWS accepts a clock that is off by less, in milliseconds: its limit is five minutes. */
const CLOCK_TOLERANCE = 240_000;

/** The parts of the SDK's errors that matter here. */
interface SdkError {
  $metadata?: { httpStatusCode?: number };
  $response?: { headers?: Record<string, string> };
  resourceIds?: string[];
}

/** Convert what a call threw to an {@link AwsFailure}. An error that no call threw is a bug, and is thrown again. */
export const asFailure = failureReader<AwsKind>((error, message) => {
  const { $metadata, resourceIds } = error as SdkError;
  const status = $metadata?.httpStatusCode;
  const said = `${error.name}: ${message}`;
  const offset = clockOffsetOf(error, message);
  if (offset !== undefined) return new CloudFailure<AwsKind>("clock", said, Number.isNaN(offset) ? {} : { clockOffset: offset });
  // AWS uses the same error code for a wrong secret, as which a new key may appear at first. A wrong region does not fix itself.
  if (/scoped to a valid region/i.test(message)) return new CloudFailure<AwsKind>("wrongRegion", said);
  if (/inactive/i.test(message) && /taskdefinition|task definition/i.test(message)) return new CloudFailure<AwsKind>("inactive", said);
  const text = status === undefined || status < 500 ? BY_TEXT.find(([pattern]) => pattern.test(message)) : undefined;
  // A message that quotes an error of the caller's identity does not change the kind.
  const named = BY_NAME[error.name];
  const kind = named === "unauthenticated" || named === "denied" ? named : (text?.[1] ?? named);
  if (kind) return new CloudFailure<AwsKind>(kind, said, { existing: resourceIds ?? [] });
  if (status !== undefined && status >= 400)
    return new CloudFailure<AwsKind>(status === 429 ? "throttled" : status >= 500 ? "unclear" : "refused", said);
  // A reply that cannot be read.
  return status !== undefined || error.name === "SyntaxError" ? new CloudFailure<AwsKind>("unclear", message) : undefined;
});

/** @returns this machine's clock minus AWS', in milliseconds; `NaN`: unknown; `undefined`: the clock is not the problem */
function clockOffsetOf(error: Error, message: string): number | undefined {
  // "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z (20260101T001000Z - 5 min.)"
  const [, ours, , theirs] =
    /signature (?:expired|not yet current): (\d{8}T\d{6}Z) is (now earlier|still later) than .*\((\d{8}T\d{6}Z) [-+] 5 min/i.exec(
      message,
    ) ?? [];
  if (ours !== undefined && theirs !== undefined) return signedTime(ours) - signedTime(theirs);
  const date = (error as SdkError).$response?.headers?.date;
  const offset = date === undefined ? Number.NaN : Date.now() - Date.parse(date);
  if (/signature (expired|not yet current)/i.test(message)) return offset;
  if (!CLOCK.has(error.name)) return undefined;
  // According to AWS' own clock it was in time. AWS uses the same error code for an expired session.
  return Math.abs(offset) < CLOCK_TOLERANCE ? undefined : offset;
}

function signedTime(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}

/**
 * The reasons in `RunTask`'s reply if it answers HTTP 200 and starts nothing
 * (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html).
 */
export function failureOf({ reason = "", detail, arn }: { reason?: string; detail?: string; arn?: string }): AwsFailure {
  const said = textOfReply([reason, detail].filter(Boolean).join(": ")) + (arn ? ` (${arn})` : "");
  if (/^(RESOURCE:|AGENT|EMPTY CAPACITY PROVIDER|NO ACTIVE INSTANCES)/i.test(reason)) return new CloudFailure<AwsKind>("capacity", said);
  const text = BY_TEXT.find(([pattern]) => pattern.test(said));
  if (text) return new CloudFailure<AwsKind>(text[1], said);
  if (/inactive|^missing/i.test(reason)) return new CloudFailure<AwsKind>("missing", said);
  return new CloudFailure<AwsKind>("refused", said);
}
