import { CloudFailure, type CommonKind, failureReader, textOfReply } from "../cloud/failure";

/**
 * Kinds of failure that only Google has:
 *
 * - `disabled`: the API is not enabled.
 * - `billing`: the project has no active billing account. `suspended`: Google has suspended the project.
 * - `project`: the project does not exist. `quotaProject`: the login names no project that pays for its calls.
 * - `region`: the region does not exist, or the project may not use it.
 * - `perimeter`: VPC Service Controls forbid it. `policy`: another policy of the organization forbids it.
 * - `exists`, `precondition`: Google's ALREADY_EXISTS, FAILED_PRECONDITION and ABORTED.
 */
export type GoogleKind =
  | "disabled"
  | "billing"
  | "suspended"
  | "project"
  | "quotaProject"
  | "region"
  | "perimeter"
  | "policy"
  | "exists"
  | "precondition";
export type GoogleFailure = CloudFailure<GoogleKind>;
type FailureKind = GoogleKind | CommonKind;

export const NO_LOGIN =
  "there are no Google Cloud credentials here: log in with `gcloud auth application-default login`, or give the work pool a credentials block";

/** Errors of Google's libraries about unusable credentials; nothing was sent yet. */
const BAD_LOGIN =
  /^the (file at .* does not exist|file path is invalid|incoming JSON object)|universe domain\b.*does not match|^error:\w+:DECODER/i;

/** Convert what a call threw to a {@link GoogleFailure}. An error that no call threw is a bug, and is thrown again. */
export const asFailure = failureReader<GoogleKind>((error, message) => {
  if (/could not load the default credentials|unable to detect a project/i.test(message))
    return new CloudFailure<GoogleKind>("unauthenticated", NO_LOGIN);
  if (BAD_LOGIN.test(message)) return new CloudFailure<GoogleKind>("unauthenticated", message);
  const said = saidBy(error);
  return said && new CloudFailure<GoogleKind>(kindOf(said), said.message);
});

/** Google's error, in one form for gRPC, REST and plain HTTP. */
interface Said {
  /** One line. */
  message: string;
  /** A number of google.rpc.Code. */
  code?: number;
  /** HTTP status. */
  status?: number;
  /** `reason` of the google.rpc.ErrorInfo: a name of google.api.ErrorReason, or a service's own. */
  reason?: string;
}

/** Every code of https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto. */
const CODES: Record<string, { number: number; kind: FailureKind }> = {
  CANCELLED: { number: 1, kind: "unclear" },
  UNKNOWN: { number: 2, kind: "unclear" },
  INVALID_ARGUMENT: { number: 3, kind: "refused" },
  DEADLINE_EXCEEDED: { number: 4, kind: "unclear" },
  NOT_FOUND: { number: 5, kind: "missing" },
  ALREADY_EXISTS: { number: 6, kind: "exists" },
  PERMISSION_DENIED: { number: 7, kind: "denied" },
  RESOURCE_EXHAUSTED: { number: 8, kind: "throttled" },
  FAILED_PRECONDITION: { number: 9, kind: "precondition" },
  ABORTED: { number: 10, kind: "precondition" },
  OUT_OF_RANGE: { number: 11, kind: "refused" },
  UNIMPLEMENTED: { number: 12, kind: "refused" },
  INTERNAL: { number: 13, kind: "unclear" },
  UNAVAILABLE: { number: 14, kind: "unclear" },
  DATA_LOSS: { number: 15, kind: "unclear" },
  UNAUTHENTICATED: { number: 16, kind: "unauthenticated" },
};

const BY_CODE = new Map(Object.values(CODES).map(({ number, kind }) => [number, kind]));

/** For replies without a code: a proxy's, or a front end's. */
const BY_STATUS: Record<number, FailureKind> = {
  401: "unauthenticated",
  403: "denied",
  404: "missing",
  408: "unclear",
  409: "exists",
  412: "precondition",
  429: "throttled",
  499: "unclear",
  501: "refused",
};

/** The reasons of https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto that say more than the code. */
const BY_REASON: Record<string, FailureKind> = {
  SERVICE_DISABLED: "disabled",
  SERVICE_NOT_VISIBLE: "disabled",
  BILLING_DISABLED: "billing",
  UREQ_PROJECT_BILLING_NOT_FOUND: "billing",
  UREQ_PROJECT_BILLING_NOT_OPEN: "billing",
  RATE_LIMIT_EXCEEDED: "throttled",
  RESOURCE_QUOTA_EXCEEDED: "throttled",
  USER_PROJECT_DENIED: "denied",
  CONSUMER_SUSPENDED: "suspended",
  GCP_SUSPENDED: "suspended",
  CONSUMER_INVALID: "project",
  RESOURCE_PROJECT_INVALID: "project",
  LOCATION_POLICY_VIOLATED: "region",
  LOCATION_TAX_POLICY_VIOLATED: "region",
  SECURITY_POLICY_VIOLATED: "perimeter",
  ORG_RESTRICTION_VIOLATION: "policy",
  RESOURCE_USAGE_RESTRICTION_VIOLATED: "policy",
  ACCESS_TOKEN_EXPIRED: "unauthenticated",
  ACCESS_TOKEN_SCOPE_INSUFFICIENT: "unauthenticated",
  ACCESS_TOKEN_TYPE_UNSUPPORTED: "unauthenticated",
  ACCOUNT_STATE_INVALID: "unauthenticated",
  CREDENTIALS_MISSING: "unauthenticated",
};

/** Google's messages for which the code alone would mislead; the first match counts. */
const BY_TEXT: readonly [RegExp, FailureKind][] = [
  [/vpc ?service ?controls|request is prohibited by organi[sz]ation's policy/i, "perimeter"],
  [/organi[sz]ation(al)?('s)? polic|\borg polic|violates? constraint|constraints\/\S+ (is )?violated/i, "policy"],
  [/spend cap|check (the )?billing|\b(delinquent|closed|inactive) billing\b/i, "billing"],
  [/\bbilling\b.*(disabled|be enabled|not enabled|not found|not open|not active|absent|delinquent|closed)/i, "billing"],
  [/has not been (used|enabled) in project|it is disabled\b|access not configured/i, "disabled"],
  [
    /permission denied on '?locations\/|\b(location|region) \S+ (is )?not (found|supported|available|valid)|(invalid|unsupported|unknown) (location|region)\b/i,
    "region",
  ],
  [/\b(has been|is) suspended/i, "suspended"],
  [
    /permission denied on resource project\b|^(the )?project (number )?\S+ (is )?(not found|has been (deleted|marked for deletion)|does not exist)/i,
    "project",
  ],
  // The token endpoint's reply to a key or a login that it does not know, or not yet.
  [
    /invalid_grant|invalid_client|invalid_target|unauthorized_client|unsuccessful response status code|invalid_rapt|invalid jwt|insufficient authentication scopes|reauth related error/i,
    "unauthenticated",
  ],
];

/** Users' own names may contain any word: the name of a Job `billing-closed` says nothing about billing. */
function withoutNames(message: string): string {
  return message
    .replaceAll(/(["'`[])(?!locations\/|constraints\/)[^"'`\]\s]*["'`\]]/g, "$1name$1")
    .replaceAll(/\b(projects|namespaces)\/\S+/g, "name");
}

/** The kind of failure for an error of Google's. It covers all errors, so that none looks like a bug. */
function kindOf({ message, code, status, reason }: Said): FailureKind {
  // The same reason as for a disabled API, with another remedy.
  if (/requires a quota project/i.test(message)) return "quotaProject";
  const byReason = reason === undefined ? undefined : BY_REASON[reason];
  if (byReason !== undefined) return byReason;
  const words = withoutNames(message);
  const found = BY_TEXT.find(([pattern]) => pattern.test(words));
  if (found) return found[1];
  const known = code === undefined ? undefined : BY_CODE.get(code);
  if (known !== undefined) return known;
  if (status !== undefined) return BY_STATUS[status] ?? (status >= 500 ? "unclear" : "refused");
  return "unclear";
}

/** Read Google's error from an error of a client library; `undefined` if Google sent none. */
function saidBy(error: Error): Said | undefined {
  const {
    code,
    reason,
    response,
    status: plainStatus,
    httpStatusCode,
  } = error as {
    code?: unknown;
    reason?: unknown;
    status?: unknown;
    httpStatusCode?: unknown;
    response?: { status?: unknown; data?: unknown };
  };
  const body = errorIn(response?.data) ?? errorIn(error.message);
  const status = [response?.status, httpStatusCode, plainStatus, body?.code].find(isStatus);
  const byName = typeof body?.status === "string" ? CODES[body.status]?.number : undefined;
  // In some transports `code` is the HTTP status.
  const number = byName ?? (typeof code === "number" && code > 0 && code < 100 ? code : undefined);
  const known = status ?? (isStatus(code) ? code : undefined);
  if (number === undefined && known === undefined) return undefined;
  const given = typeof reason === "string" && reason !== "" ? reason : reasonIn(body?.details);
  return {
    message: textOfReply(typeof body?.message === "string" ? body.message : error.message),
    ...(number === undefined ? {} : { code: number }),
    ...(known === undefined ? {} : { status: known }),
    ...(given === undefined ? {} : { reason: given }),
  };
}

/** `error` of Google's JSON. */
interface Body {
  code?: unknown;
  message?: unknown;
  status?: unknown;
  details?: unknown;
}

function errorIn(data: unknown): Body | undefined {
  const value = typeof data === "string" ? jsonIn(data) : data;
  const inner = Array.isArray(value) ? value[0] : value;
  const error = inner !== null && typeof inner === "object" && "error" in inner ? inner.error : undefined;
  // The token endpoint's format (RFC 6749).
  if (typeof error === "string") {
    const { error_description: description } = inner as { error_description?: unknown };
    return { message: typeof description === "string" ? `${error}: ${description}` : error };
  }
  return error !== null && typeof error === "object" ? (error as Body) : undefined;
}

function jsonIn(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonIn(details: unknown): string | undefined {
  if (!Array.isArray(details)) return undefined;
  const reasons = details.map((each) => (each as { reason?: unknown } | null)?.reason);
  return reasons.find((each): each is string => typeof each === "string" && each !== "");
}

function isStatus(value: unknown): value is number {
  return typeof value === "number" && value >= 100 && value < 600;
}
