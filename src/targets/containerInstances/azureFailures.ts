import { CloudFailure, type CommonKind, failureReader } from "../cloud/failure";
import { LoginError } from "./azureLogin";

/**
 * Kinds of failure that only Azure has:
 *
 * - `transitioning`: an earlier operation on the group is still under way.
 * - `registry`: the registry of the image does not answer just now.
 * - `image`: Azure cannot read the image; now and then only for a moment.
 * - `pull`: the same, with a managed identity, whose role on the registry may be new.
 * - `capacity`: a quota is used up, or the region has no room.
 * - `subscription`: the caller sees no such subscription.
 * - `unregistered`: the subscription is not registered for Container Instances.
 * - `policy`, `lock`: what an administrator forbids.
 * - `noLog`: the container has no log yet.
 * - `expired`, `tenant`: what Microsoft Entra says of the credentials.
 */
export type AzureKind =
  | "transitioning"
  | "registry"
  | "image"
  | "pull"
  | "subscription"
  | "capacity"
  | "unregistered"
  | "policy"
  | "lock"
  | "noLog"
  | "expired"
  | "tenant";
export type AzureFailure = CloudFailure<AzureKind>;

/** By the code in the error's body. */
const BY_CODE: Record<string, AzureKind | CommonKind> = {
  ResourceRequestsThrottled: "throttled",
  SubscriptionRequestsThrottled: "throttled",
  TooManyRequests: "throttled",
  ContainerGroupTransitioning: "transitioning",
  AnotherOperationInProgress: "transitioning",
  RegistryErrorResponse: "registry",
  InaccessibleImage: "image",
  ContainerGroupQuotaReached: "capacity",
  QuotaExceeded: "capacity",
  SubscriptionNotFound: "subscription",
  InvalidSubscriptionId: "subscription",
  MissingSubscriptionRegistration: "unregistered",
  SubscriptionNotRegistered: "unregistered",
  RequestDisallowedByPolicy: "policy",
  RequestDisallowedByAzure: "policy",
  ScopeLocked: "lock",
  ContainerLogNotAvailable: "noLog",
  AuthorizationFailed: "denied",
  LinkedAuthorizationFailed: "denied",
  PrincipalNotFound: "young",
};

/** Errors that do not come from Azure itself: a proxy's page, or a reply without its body. */
const NO_CODE = ["", "REST_ERROR"];

const BY_STATUS: Record<number, CommonKind> = { 401: "unauthenticated", 403: "denied", 404: "missing", 408: "unclear", 429: "throttled" };

/** The reply of Microsoft Entra if it gives no token. */
const LOGIN_TEXTS: readonly [RegExp, AzureKind | CommonKind][] = [
  [/AADSTS7000222\b/, "expired"],
  [/AADSTS(90002|900023|90013)\b|invalid_tenant|tenant_?not_?found/i, "tenant"],
  // 50166, 90061, 501661: it cannot read the documents of the issuer of an identity token.
  [/AADSTS(90033|90006|50196|90014|50166|90061|501661)\b|temporarily_unavailable|server_error/i, "unclear"],
  [/AADSTS\d/, "unauthenticated"],
];

/** The parts of the SDK's errors that matter here. */
interface SdkError {
  statusCode?: number;
  code?: string;
  response?: { headers?: { get(name: string): string | null | undefined }; bodyAsText?: string | null };
}

/** Turn what a call threw into an {@link AzureFailure}. An error that no call threw is thrown unchanged: a bug. */
export const asFailure = failureReader<AzureKind>((error, message) => {
  const { statusCode: status, response, code: given } = error as SdkError;
  if (error instanceof LoginError) {
    const wait = retryAfterOf((name) => (name === "retry-after" ? error.retryAfter : undefined), message);
    const kind = loginKind(error);
    const denied = kind === "unauthenticated" ? error.explanation : undefined;
    return new CloudFailure<AzureKind>(kind, message, { ...(wait === undefined ? {} : { retryAfter: wait }), ...denied });
  }
  // The SDK's own error for a reply that was cut, or a connection that was closed too early.
  if (status === undefined) return error.name === "RestError" ? new CloudFailure<AzureKind>("unclear", message) : undefined;
  const code = given ?? "";
  const said = code === "" || message.includes(code) ? message : `${code}: ${message}`;
  const retryAfter = retryAfterOf((name) => response?.headers?.get(name), message);
  return new CloudFailure<AzureKind>(kindOf(status, code), said, retryAfter === undefined ? {} : { retryAfter });
});

function loginKind({ message, status, nobody }: LoginError): AzureKind | CommonKind {
  if (status === 429) return "throttled";
  const [, kind] = LOGIN_TEXTS.find(([pattern]) => pattern.test(message)) ?? [];
  if (kind !== undefined) return kind;
  if (nobody) return "unauthenticated";
  // Without a reply, or with one that is not Entra's, nothing is known.
  return status === undefined || status >= 500 || status < 400 ? "unclear" : "unauthenticated";
}

function kindOf(status: number, code: string): AzureKind | CommonKind {
  // The same code says that the region is full, with 409, and that the service is down.
  if (code === "ServiceUnavailable" && status < 500) return "capacity";
  // That something is gone is Azure's to say, in one of its codes.
  if (status === 404 && NO_CODE.includes(code)) return "unclear";
  // A success that the SDK cannot read: something on the way has changed it.
  return BY_CODE[code] ?? BY_STATUS[status] ?? (status >= 500 || status < 400 ? "unclear" : "refused");
}

/** When the next call may go, in milliseconds from now: by a header, or by the message if the header is missing. */
function retryAfterOf(header: (name: string) => string | null | undefined, message: string): number | undefined {
  for (const name of ["retry-after-ms", "x-ms-retry-after-ms"]) {
    const milliseconds = header(name) ?? "";
    if (/^\d+$/.test(milliseconds)) return Number(milliseconds);
  }
  const [, count, unit] = /(?:try again|retry) (?:after|in) '?(\d+)'? (second|minute)/i.exec(message) ?? [];
  const said = count === undefined ? undefined : String(Number(count) * (unit?.toLowerCase() === "minute" ? 60 : 1));
  const seconds = header("retry-after") ?? said;
  if (seconds === undefined) return undefined;
  const wait = /^\d+(\.\d+)?$/.test(seconds) ? Number(seconds) * 1000 : Date.parse(seconds) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
