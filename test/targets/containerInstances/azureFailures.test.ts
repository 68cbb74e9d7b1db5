import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { asFailure } from "../../../src/targets/containerInstances/azureFailures";

/** An error as Azure's SDK throws it. */
function thrown(status: number, code: string | undefined, message: string, headers: Record<string, string> = {}): Error {
  const response = { headers: { get: (name: string) => headers[name] } };
  return Object.assign(new Error(message), { name: "RestError", statusCode: status, code, response });
}

test.each<[number, string | undefined, string]>([
  [404, "ResourceNotFound", "missing"],
  [404, "ContainerGroupNotFound", "missing"],
  [404, "ResourceGroupNotFound", "missing"],
  // It says nothing of the group: the caller's login may be of another tenant.
  [404, "SubscriptionNotFound", "subscription"],
  // Not Azure's: a proxy's page.
  [404, undefined, "unclear"],
  [404, "ContainerLogNotAvailable", "noLog"],
  [409, "ServiceUnavailable", "capacity"],
  [503, "ServiceUnavailable", "unclear"],
  // A success that cannot be read.
  [200, "PARSE_ERROR", "unclear"],
  [409, "ContainerGroupTransitioning", "transitioning"],
  [409, "SubscriptionNotRegistered", "unregistered"],
  [403, "RequestDisallowedByAzure", "policy"],
  [429, "AnythingAtAll", "throttled"],
  [400, "InvalidRequestContent", "refused"],
])("%s %s is %s", (status, code, kind) => {
  expect(asFailure(thrown(status, code, "why")).kind).toBe(kind);
});

test.each<[string, Error, number | undefined]>([
  ["seconds", thrown(429, "TooManyRequests", "slow down", { "retry-after": "7" }), 7_000],
  ["milliseconds", thrown(429, "TooManyRequests", "slow down", { "retry-after-ms": "250", "retry-after": "1" }), 250],
  ["words", thrown(429, "ResourceRequestsThrottled", "Please try again after '324' seconds."), 324_000],
  ["other words", thrown(429, "TooManyRequests", "Please retry after 5 minutes."), 300_000],
  ["nothing", thrown(429, "TooManyRequests", "slow down"), undefined],
])("when the next call may go, by %s", (_, error, wait) => {
  expect(asFailure(error).details.retryAfter).toBe(wait);
});

// Errors that Azure answered, recorded.
const folder = join(__dirname, "..", "..", "..", "..", "shared", "recordings", "azure");
if (!existsSync(folder)) console.warn(`SKIPPED: there are no recordings of Azure in ${folder}`);

interface Recorded {
  response: { status: number | null; headers: Record<string, string>; body: { error?: { code?: string; message?: string } } | null };
}

describe.runIf(existsSync(folder))("recorded errors", () => {
  test("each is read", () => {
    const found = new Set<string>();
    for (const file of readdirSync(folder).filter((name) => /^(aci|arm)-/.test(name))) {
      for (const line of readFileSync(join(folder, file), "utf8").trim().split("\n")) {
        const { status, headers, body } = (JSON.parse(line) as Recorded).response;
        const { code, message = "" } = body?.error ?? {};
        if (code === undefined) continue;
        const { kind, details } = asFailure(thrown(status ?? 400, code, message, headers));
        found.add(`${status ?? "?"} ${code} → ${kind}${details.retryAfter === undefined ? "" : ` for ${details.retryAfter / 1_000} s`}`);
      }
    }
    expect([...found].sort()).toMatchInlineSnapshot(`
      [
        "400 ContainerGroupQuotaReached → capacity",
        "400 InaccessibleImage → image",
        "400 PrincipalNotFound → young",
        "404 ContainerGroupNotFound → missing",
        "404 ContainerLogNotAvailable → noLog",
        "404 ResourceNotFound → missing",
        "409 ContainerGroupTransitioning → transitioning",
        "409 MissingSubscriptionRegistration → unregistered",
        "409 RegistryErrorResponse → registry",
        "409 ServiceUnavailable → capacity",
        "429 ResourceRequestsThrottled → throttled for 324 s",
        "500 InternalServerError → unclear",
        "? AmbiguousImageResitryCredentialType → refused",
        "? ContainerGroupStopped → refused",
        "? InvalidImageRegistryCredentialType → refused",
        "? InvalidImageRegistryIdentity → refused",
        "? InvalidRequestContent → refused",
        "? OsVersionNotSupported → refused",
        "? PriorityNotSpecified → refused",
        "? SpotPriorityContainerGroupNotSupportedForInboundConnectivity → refused",
        "? SpotPriorityContainerGroupNotSupportedInSku → refused",
      ]
    `);
  });
});
