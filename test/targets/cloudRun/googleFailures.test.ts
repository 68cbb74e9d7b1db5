import { describe, expect, test } from "vitest";
import { leastPrivilege } from "../../../components/gcp/leastPrivilege";
import { CloudFailure, mayPass } from "../../../src/targets/cloud/failure";
import { asFailure, type GoogleFailure } from "../../../src/targets/cloudRun/googleFailures";
import { permissionIn, remedy } from "../../../src/targets/cloudRun/googlePermissions";
import { refusal } from "../../../src/targets/cloudRun/googleRefusals";

const error = (message: string, more: object = {}) => Object.assign(new Error(message), more);
const network = (code: string) =>
  error(`request to http://x failed, reason: ${code}`, { code: 14, cause: Object.assign(new Error(code), { code }) });

test.each<[string, Error, GoogleFailure["kind"]]>([
  ["429 by the SDK", error("Quota exceeded", { code: 8 }), "throttled"],
  ["429 by plain HTTP", error("x", { response: { status: 429 } }), "throttled"],
  ["503 by the SDK", error("x", { code: 14 }), "unclear"],
  ["500", error("x", { code: 13 }), "unclear"],
  ["502 by plain HTTP", error("x", { status: 502 }), "unclear"],
  ["no answer in time", error("Deadline exceeded", { code: 4 }), "unclear"],
  ["a broken connection", network("ECONNRESET"), "unclear"],
  ["nobody listens", network("ECONNREFUSED"), "unsent"],
  ["a host that does not exist", network("ENOTFOUND"), "unsent"],
  ["a certificate that is not trusted", network("DEPTH_ZERO_SELF_SIGNED_CERT"), "unsent"],
  ["401", error("Request had invalid authentication credentials.", { code: 16 }), "unauthenticated"],
  ["a key that the token endpoint does not know", error("invalid_grant: Invalid JWT Signature.", { status: 400 }), "unauthenticated"],
  ["no login", error("Could not load the default credentials. Browse to …"), "unauthenticated"],
  ["403", error("Permission 'run.jobs.run' denied", { code: 7 }), "denied"],
  [
    "an API that is off",
    error("Cloud Run Admin API has not been used in project 1 before or it is disabled.", { code: 7, reason: "SERVICE_DISABLED" }),
    "disabled",
  ],
  ["404", error("x", { code: 5 }), "missing"],
  ["409", error("x", { code: 6 }), "exists"],
  ["400 with a state", error("x", { code: 9 }), "precondition"],
  ["400", error("x", { code: 3 }), "refused"],
])("%s", (_, thrown, kind) => {
  const failure = asFailure(thrown);
  expect(failure.kind).toBe(kind);
  expect(mayPass(failure)).toBe(["throttled", "unclear", "unsent"].includes(kind));
});

describe("every error of Google's is a failure of some kind, and never looks like a bug", () => {
  const CODES: [string, number, number, GoogleFailure["kind"]][] = [
    ["CANCELLED", 1, 499, "unclear"],
    ["UNKNOWN", 2, 500, "unclear"],
    ["INVALID_ARGUMENT", 3, 400, "refused"],
    ["DEADLINE_EXCEEDED", 4, 504, "unclear"],
    ["NOT_FOUND", 5, 404, "missing"],
    ["ALREADY_EXISTS", 6, 409, "exists"],
    ["PERMISSION_DENIED", 7, 403, "denied"],
    ["RESOURCE_EXHAUSTED", 8, 429, "throttled"],
    ["FAILED_PRECONDITION", 9, 400, "precondition"],
    ["ABORTED", 10, 409, "precondition"],
    ["OUT_OF_RANGE", 11, 400, "refused"],
    ["UNIMPLEMENTED", 12, 501, "refused"],
    ["INTERNAL", 13, 500, "unclear"],
    ["UNAVAILABLE", 14, 503, "unclear"],
    ["DATA_LOSS", 15, 500, "unclear"],
    ["UNAUTHENTICATED", 16, 401, "unauthenticated"],
  ];

  test.each(CODES)("%s", (status, code, http, kind) => {
    const body = { error: { code: http, message: "why", status } };
    const thrown = [
      error("why", { code }),
      error("why", { response: { status: http, data: body } }),
      error(JSON.stringify(body), { code: http }),
      error(JSON.stringify([body]), { status: http }),
    ];
    expect(thrown.map(asFailure).map((each) => [each.kind, each.message])).toEqual(thrown.map(() => [kind, "why"]));
  });

  test.each([
    [17, "unclear"],
    [402, "refused"],
    [407, "refused"],
    [408, "unclear"],
    [418, "refused"],
    [520, "unclear"],
  ])("a code of %d, which is in no list of Google's", (code, kind) => {
    expect(asFailure(error("x", { code })).kind).toBe(kind);
  });
});

const BILLING =
  "This API method requires billing to be enabled. Please enable billing on project #acme by visiting https://console.developers.google.com/billing/enable?project=acme then retry.";
const PERIMETER = "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: 8c1f0b2d";
const REGION = "Permission denied on 'locations/europe-west99' (or it may not exist).";
const QUOTA_PROJECT =
  "Your application is authenticating by using local Application Default Credentials. The run.googleapis.com API requires a quota project, which is not set by default.";

test.each<[GoogleFailure["kind"], string, string | undefined, number]>([
  ["billing", BILLING, "BILLING_DISABLED", 7],
  ["billing", BILLING, undefined, 7],
  ["billing", "Billing account for project '1' is not found. Billing must be enabled for activation of service(s).", undefined, 9],
  ["billing", "The billing account for the owning project is disabled in state absent", undefined, 7],
  ["perimeter", PERIMETER, "SECURITY_POLICY_VIOLATED", 7],
  ["perimeter", PERIMETER, undefined, 7],
  ["perimeter", "VPC Service Controls: Request is prohibited by organization's policy.", undefined, 7],
  ["region", REGION, "LOCATION_POLICY_VIOLATED", 7],
  ["region", REGION, undefined, 7],
  ["region", "Location europe-west99 is not found or access is unauthorized.", undefined, 5],
  ["policy", "'us-east1' violates constraint 'constraints/gcp.resourceLocations' on the resource 'projects/acme'", undefined, 9],
  ["policy", "Constraint constraints/run.allowedVPCEgress violated for projects/acme", undefined, 9],
  ["policy", "The request has violated one or more Org Policies.", undefined, 9],
  ["disabled", "Cloud Run Admin API has not been used in project 1 before or it is disabled.", undefined, 7],
  ["disabled", "x", "SERVICE_DISABLED", 7],
  ["quotaProject", QUOTA_PROJECT, "SERVICE_DISABLED", 7],
  ["suspended", "Permission denied: Consumer 'project:acme' has been suspended.", "CONSUMER_SUSPENDED", 7],
  ["suspended", "Consumer 'projects/1' has been suspended.", undefined, 7],
  ["project", "Permission denied on resource project no-such-project.", "CONSUMER_INVALID", 7],
  ["project", "Project 'no-such-project' not found or deleted.", undefined, 3],
  ["denied", "Caller does not have required permission to use project acme.", "USER_PROJECT_DENIED", 7],
  ["throttled", "x", "RATE_LIMIT_EXCEEDED", 8],
  ["unauthenticated", "Account deleted: 113520000000000000000", "ACCOUNT_STATE_INVALID", 16],
  ["unauthenticated", "Request had insufficient authentication scopes.", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", 7],
  ["billing", "Project 'acme' is not active or has exceeded its spend cap.", undefined, 9],
  ["billing", "The project to be billed is associated with a delinquent billing account.", undefined, 7],
  ["billing", "Write access to project 'acme' was denied: please check billing account associated and retry", undefined, 7],
  ["disabled", "Access Not Configured. Cloud Run Admin API has not been enabled in project acme", undefined, 7],
  ["region", "The region us-moon1 is not supported.", undefined, 3],
  ["project", "Project acme has been marked for deletion.", undefined, 7],
  ["project", "Project number 1 has been deleted.", undefined, 7],
  ["unauthenticated", "invalid_target: The target service indicated by the audience parameters is invalid.", undefined, 3],
  [
    "unauthenticated",
    "Could not refresh access token: Unsuccessful response status code. Request failed with status code 404",
    undefined,
    5,
  ],
  // The user's own names mean nothing.
  ["missing", "Resource 'billing-closed' of kind 'JOB' in region 'r' in project 'acme' does not exist.", undefined, 5],
  ["denied", "Permission 'run.jobs.run' denied on resource 'projects/org-policy/locations/r/jobs/suspended'", "IAM_PERMISSION_DENIED", 7],
])("%s: %s (%s)", (kind, message, reason, code) => {
  const sdk = error(message, { code, ...(reason === undefined ? {} : { reason }) });
  const details = reason === undefined ? [] : [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason }];
  const plain = error("Request failed with status code 403", {
    response: { status: 403, data: { error: { code: 403, message, details } } },
  });
  expect(asFailure(sdk)).toMatchObject({ kind, message });
  if (kind !== "missing") expect(asFailure(plain)).toMatchObject({ kind, message });
});

test("the token endpoint's own error format, with its message", () => {
  const data = { error: "invalid_grant", error_description: "Invalid grant: account not found" };
  expect(asFailure(error("invalid_grant", { response: { status: 400, data } }))).toMatchObject({
    kind: "unauthenticated",
    message: "invalid_grant: Invalid grant: account not found",
  });
});

test("only the text of a front end's HTML page is kept", () => {
  const page = "<!DOCTYPE html><style>p{margin:0}</style><title>Error 404 (Not Found)!!1</title><p>The requested URL was not found.";
  expect(asFailure(error(page, { code: 5 })).message).toBe("Error 404 (Not Found)!!1 The requested URL was not found.");
});

test.each<[string, Error, GoogleFailure["kind"]]>([
  [
    "a key file that is gone",
    error("The file at /k.json does not exist, or it is not a file. ENOENT: x", { code: "ENOENT" }),
    "unauthenticated",
  ],
  ["a key file without an account", error("The incoming JSON object does not contain a client_email field"), "unauthenticated"],
  ["an invalid key", error("error:1E08010C:DECODER routines::unsupported", { code: "ERR_OSSL_UNSUPPORTED" }), "unauthenticated"],
  [
    "a key of another universe",
    error("The configured universe domain (googleapis.com) does not match the universe domain found in the credentials (x.goog)."),
    "unauthenticated",
  ],
  ["an answer that breaks off", error("Invalid response body: Premature close", { code: "ERR_STREAM_PREMATURE_CLOSE" }), "unclear"],
])("an error that is not from Google: %s", (_, thrown, kind) => {
  expect(asFailure(thrown).kind).toBe(kind);
});

test("a bug is not a failure of a call", () => {
  const bug = new TypeError("undefined is not a function");
  expect(() => asFailure(bug)).toThrow(bug);
});

test("a reply's JSON and its line breaks are not part of the message", () => {
  expect(asFailure(error('{"error":{"code":403,"message":"no\\n  way \\"here\\"","status":"X"}}', { code: 7 })).message).toBe(
    'no way "here"',
  );
});

test.each<[GoogleFailure["kind"], string, RegExp]>([
  [
    "denied",
    "why",
    /^submitting: access denied for s@other\.iam\.gserviceaccount\.com; the key is of project "other", the work pool's runs go to "acme": why$/,
  ],
  [
    "denied",
    "Permission denied on secret: projects/1/secrets/s/versions/latest for Revision service account x@acme.iam.gserviceaccount.com. The service account used must be granted it",
    /^submitting was refused by Google Cloud: the job's service account x@acme\.iam\.gserviceaccount\.com lacks a permission: Permission denied/,
  ],
  [
    "denied",
    "Google Cloud Run Service Agent service-1@serverless-robot-prod.iam.gserviceaccount.com must have permission to read the image, x.",
    /: Cloud Run's own service account service-1@serverless-robot-prod\.iam\.gserviceaccount\.com lacks a permission: /,
  ],
  ["disabled", "why", /^submitting: the API is disabled in project "acme": why$/],
  ["billing", BILLING, /billing is off in project "acme": This API .* Link an open billing account .*linkedaccount\?project=acme$/],
  ["suspended", "why", /Google has suspended project "acme": why\./],
  ["project", "why", /there is no project "acme" for s@other.*, or it was deleted: why\. Check the project/],
  ["quotaProject", QUOTA_PROJECT, /gcloud auth application-default set-quota-project acme$/],
  ["region", REGION, /Cloud Run has no region "europe-west99", or project "acme" may not use it: .* job variable "region"/],
  ["region", "Location us-moon1 is not found or access is unauthorized.", /no region "us-moon1"/],
  ["region", "The region us-moon1 is not supported.", /no region "us-moon1"/],
  ["perimeter", PERIMETER, /VPC Service Controls keep s@other.* out of project "acme": .*8c1f0b2d\. .*ingress rule$/],
  ["policy", "why", /a policy of the organization forbids it in project "acme": why\./],
  ["unauthenticated", "why", /Google does not accept the credentials of s@other[^:]*: why$/],
  ["unauthenticated", "Account deleted: 1135", /Account deleted: 1135\. The key or its service account is gone/],
  [
    "unauthenticated",
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
    /Check the clock of this machine/,
  ],
  ["throttled", "why", /quota is used up/],
  ["unclear", "why", /cannot be reached/],
  ["refused", "why", /was refused by Google Cloud: why/],
])("the message for %s", (kind, message, expected) => {
  const told = refusal("submitting", new CloudFailure(kind, message), { project: "acme", clientEmail: "s@other.iam.gserviceaccount.com" });
  expect([told.exitCode, told.message]).toEqual([5, expect.stringMatching(expected)]);
});

const RUN = "Permission 'run.jobs.run' denied on resource 'projects/acme/locations/r/jobs/j' (or resource may not exist).";
const ACT = "Permission 'iam.serviceaccounts.actAs' denied on service account flows@acme.iam.gserviceaccount.com (or it may not exist).";
const LOG = "Permission 'logging.logEntries.list' denied on resource 'projects/acme'";

test.each<[string, string | undefined, string, RegExp]>([
  ["a key", "s@acme.iam.gserviceaccount.com", RUN, /roles\/run\.developer in project "acme".*CloudRunPushPool grants it; .*refresh/],
  ["a login", undefined, RUN, /roles\/run\.developer in project "acme".*CloudRunPushPool grants it, to everyone in submitters$/],
  [
    "acting as",
    "s@acme.iam.gserviceaccount.com",
    ACT,
    /roles\/iam\.serviceAccountUser on flows@acme\.iam\..* on its runtimeServiceAccount only/,
  ],
  ["logs", undefined, LOG, /roles\/logging\.viewer in project "acme".*unless logAccess is false, to everyone in submitters$/],
  ["what Google does not name", undefined, "The caller does not have permission", /^$/],
  ["another's permission", undefined, "Permission 'storage.objects.get' denied on resource 'x'", /^$/],
])("the advice for a denial: %s", (_, clientEmail, message, expected) => {
  expect(remedy(message, { project: "acme", ...(clientEmail === undefined ? {} : { clientEmail }) })).toMatch(expected);
});

test("each permission of the component has advice", () => {
  const unknown = leastPrivilege({ logAccess: true }).filter(
    ({ permission }) => remedy(`Permission '${permission}' denied on resource 'x'`, { project: "acme" }) === "",
  );
  expect([unknown, permissionIn(RUN)]).toEqual([[], "run.jobs.run"]);
});
