import { expect, test } from "vitest";
import { mayPass } from "../../../src/targets/cloud/failure";
import { type AwsFailure, asFailure, type FailureKind, failureOf } from "../../../src/targets/ecs/awsFailures";
import { refusal } from "../../../src/targets/ecs/awsRefusals";

/** An error as the SDK throws it. */
const error = (name: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 }, ...more });
const status = (httpStatusCode: number) => ({ $metadata: { httpStatusCode } });
const network = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
const said = (failure: AwsFailure, accessKeyId?: string) =>
  refusal("submitting the run", failure, { region: "eu-west-1", pool: "etl", ...(accessKeyId ? { accessKeyId } : {}) }).message;
const subnet = (inner: string) => error("InvalidParameterException", `Error retrieving subnet information for [subnet-1]: ${inner}`);

test.each<[string, Error, FailureKind]>([
  ["its own name", error("ThrottlingException", "Rate exceeded"), "throttled"],
  ["EC2's throttling, passed on", subnet("Rate exceeded (ErrorCode: Throttling)"), "throttled"],
  [
    "EC2's limit of requests, passed on",
    error(
      "InvalidParameterException",
      "Error retrieving security group information for [sg-1]: Request limit exceeded. (ErrorCode: RequestLimitExceeded)",
    ),
    "throttled",
  ],
  ["throttling within a ClientException", error("ClientException", "Rate exceeded"), "throttled"],
  [
    "two registrations at once",
    error("ClientException", "Too many concurrent attempts to create a new revision of the specified family."),
    "throttled",
  ],
  [
    "Parameter Store's updates",
    error("TooManyUpdates", "There are concurrent updates for a resource that supports one update at a time."),
    "throttled",
  ],
  ["STS' and EC2's name", error("Throttling", "Rate exceeded"), "throttled"],
  ["503 of EC2", error("RequestLimitExceeded", "Request limit exceeded.", status(503)), "throttled"],
  ["429", error("SomeException", "slow", status(429)), "throttled"],

  [
    "a quota of tasks as an exception",
    error("ClientException", "You’ve reached the limit on the number of tasks you can run concurrently"),
    "capacity",
  ],
  [
    "Fargate has no room",
    error("ClientException", "Capacity is unavailable at this time. Please try again later or in a different availability zone"),
    "capacity",
  ],

  ["no addresses left", subnet("There are not enough free addresses. (ErrorCode: InsufficientFreeAddressesInSubnet)"), "capacity"],
  [
    "no interfaces left",
    subnet("Your quota allows for 0 more network interface(s). (ErrorCode: NetworkInterfaceLimitExceeded)"),
    "capacity",
  ],
  ["an unknown key", error("UnrecognizedClientException", "The security token included in the request is invalid."), "unauthenticated"],
  ["an expired session", error("ExpiredTokenException", "The security token included in the request is expired"), "unauthenticated"],
  ["the same by EC2's name", error("ExpiredToken", "The provided token has expired."), "unauthenticated"],
  [
    "an expired request",
    error("RequestExpired", "Request has expired.", { $response: { headers: { date: new Date().toUTCString() } } }),
    "unauthenticated",
  ],
  [
    "an unknown web identity",
    error(
      "InvalidIdentityTokenException",
      "No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com",
    ),
    "unauthenticated",
  ],
  ["a wrong secret", error("InvalidSignatureException", "The request signature we calculated does not match"), "unauthenticated"],
  ["a wrong region", error("InvalidSignatureException", "Credential should be scoped to a valid region."), "wrongRegion"],
  ["the same by a Query service", error("SignatureDoesNotMatch", "Credential should be scoped to a valid region."), "wrongRegion"],
  [
    "no login",
    error("CredentialsProviderError", "Could not load credentials from any providers", { $metadata: undefined }),
    "unauthenticated",
  ],
  ["an expired SSO session", error("TokenProviderError", "Token is expired.", { $metadata: undefined }), "unauthenticated"],
  [
    "a late signature",
    error(
      "InvalidSignatureException",
      "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z (20260101T001000Z - 5 min.)",
    ),
    "clock",
  ],
  [
    "an early signature",
    error(
      "SignatureDoesNotMatch",
      "Signature not yet current: 20260101T003000Z is still later than 20260101T001500Z (20260101T001000Z + 5 min.)",
    ),
    "clock",
  ],
  [
    "a skewed request",
    error("RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
    "clock",
  ],

  ["a permission", error("AccessDeniedException", "User: arn:x is not authorized to perform: ecs:RunTask on resource: *"), "denied"],
  ["a role that cannot be passed", error("ClientException", "User: x is not authorized to perform: iam:PassRole on resource: y"), "denied"],
  ["EC2's denial, passed on", subnet("You are not authorized to perform this operation. (ErrorCode: UnauthorizedOperation)"), "denied"],
  [
    "a denial that quotes throttling",
    error("AccessDeniedException", "x is not authorized to perform: ecs:RunTask: Rate exceeded"),
    "denied",
  ],

  ["a cluster", error("ClusterNotFoundException", "Cluster not found."), "missing"],
  ["a subnet", subnet("The subnet ID 'subnet-1' does not exist (ErrorCode: InvalidSubnetID.NotFound)"), "missing"],
  [
    "a security group",
    error(
      "InvalidParameterException",
      "Error retrieving security group information for [sg-1]: The security group 'sg-1' does not exist (ErrorCode: InvalidGroup.NotFound)",
    ),
    "missing",
  ],
  ["a task", error("InvalidParameterException", "The referenced task was not found."), "missing"],
  ["a cluster that was deleted", error("ClientException", "The referenced cluster was inactive."), "missing"],
  ["a definition", error("ClientException", "Unable to describe task definition."), "missing"],
  ["a deregistered definition", error("ClientException", "TaskDefinition is inactive"), "inactive"],

  [
    "a role of ECS that is new",
    error("InvalidParameterException", "Unable to assume the service linked role. Please verify that it exists."),
    "young",
  ],
  ["a role that is new", error("ClientException", "Role is not valid"), "young"],
  ["a token that was used", error("ConflictException", "x", { resourceIds: ["arn:task"] }), "conflict"],

  ["500", error("ServerException", "Service Unavailable. Please try again later.", status(500)), "unclear"],
  ["503", error("ServiceUnavailableException", "Service is unavailable.", status(503)), "unclear"],
  ["an answer that cannot be read", error("SyntaxError", "Unexpected token", status(200)), "unclear"],
  ["a broken connection", network("ECONNRESET"), "unclear"],
  ["a proxy that does not speak HTTP", network("HPE_INVALID_CONSTANT"), "unclear"],
  ["no TLS there", network("ERR_SSL_WRONG_VERSION_NUMBER"), "unclear"],
  ["no answer in time", error("TimeoutError", "Connection timed out after 30000 ms", { $metadata: undefined }), "unclear"],
  ["nobody listens", network("ECONNREFUSED"), "unsent"],
  ["no such host", network("ENOTFOUND"), "unsent"],
  ["another host's certificate", network("ERR_TLS_CERT_ALTNAME_INVALID"), "unsent"],

  ["a bad request", error("InvalidParameterException", "Tags can not have more than 50 elements."), "refused"],
  ["a name that only looks like throttling", error("InvalidParameterException", "Container throttling-proxy is not there"), "refused"],
  ["a blocked account", error("BlockedException", "Your account was blocked."), "refused"],
])("%s", (_, thrown, kind) => {
  const failure = asFailure(thrown);
  expect(failure.kind).toBe(kind);
  expect(mayPass(failure)).toBe(["throttled", "unclear", "unsent"].includes(kind));
});

test.each<[string, FailureKind]>([
  ["RESOURCE:ENI", "capacity"],
  ["RESOURCE:CPU", "capacity"],
  ["AGENT", "capacity"],
  ["Capacity is unavailable at this time. Please try again later or in a different availability zone", "capacity"],
  ["You've reached the limit on the number of vCPUs you can run concurrently", "capacity"],
  ["You’ve reached the limit on the number of tasks you can run concurrently", "capacity"],
  ["You've reached the limit on the number of Fargate Spot tasks you can run concurrently", "capacity"],
  ["EMPTY CAPACITY PROVIDER", "capacity"],
  ["Rate exceeded", "throttled"],
  ["INACTIVE", "missing"],
  ["ATTRIBUTE", "refused"],
])("RunTask answers 200 and starts nothing: %s", (reason, kind) => {
  expect(failureOf({ reason }).kind).toBe(kind);
});

test("a wrong clock is reported with its difference", () => {
  const late = "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z (20260101T001000Z - 5 min.)";
  expect(said(asFailure(error("InvalidSignatureException", late)))).toBe(
    `submitting the run: this machine's clock is 10 min 0 s behind AWS', and AWS rejects a signature that is more than five minutes off: set the clock: InvalidSignatureException: ${late}`,
  );
  const early = "Signature not yet current: 20260101T003000Z is still later than 20260101T001500Z (20260101T001000Z + 5 min.)";
  expect(said(asFailure(error("InvalidSignatureException", early)))).toContain("clock is 20 min 0 s ahead of AWS'");
  const date = new Date(Date.now() + 1_800_000).toUTCString();
  expect(said(asFailure(error("RequestExpired", "Request has expired.", { $response: { headers: { date } } })))).toMatch(
    /clock is (29 min 5\d|30 min \d) s behind AWS'/,
  );
  expect(said(asFailure(error("RequestTimeTooSkewed", "too large")))).toContain("this machine's clock differs from AWS'");
});

test("an expired session is reported, with what to do", () => {
  const over = asFailure(error("ExpiredTokenException", "The security token included in the request is expired"));
  expect(said(over)).toContain("the session of your own AWS login has expired: log in again (`aws sso login`)");
  expect(said(over, "ASIA1")).toContain(
    'the session of access key ASIA1 has expired: give the credentials block of work pool "etl" a new one',
  );
  expect(said(asFailure(error("TokenProviderError", "Token is expired. To refresh this SSO session run 'aws sso login'")))).toContain(
    "Token is expired.",
  );
});

test("line breaks of a cloud's message do not break ours", () => {
  expect(asFailure(error("InvalidParameterException", "one\n  two\r\nthree\u2028four")).message).toBe(
    "InvalidParameterException: one two three four",
  );
  expect(failureOf({ reason: "one\ntwo", detail: "three\n" }).message).toBe("one two: three");
});

test("a bug is not a failure of a call", () => {
  const bug = new TypeError("undefined is not a function");
  expect(() => asFailure(bug)).toThrow(bug);
});

test("a denial by an organization's policy is reported as one, without a permission to add", () => {
  const text = "User: arn:x is not authorized to perform: ecs:RunTask on resource: arn:y with an explicit deny in a service control policy";
  expect(said(asFailure(error("AccessDeniedException", text)))).toMatch(
    /service control policy\. A service control policy forbids it, even if another policy allows it: ask whoever manages it to change it$/,
  );
});
