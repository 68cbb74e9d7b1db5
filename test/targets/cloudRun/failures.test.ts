import { expect, test } from "vitest";
import { leastPrivilege } from "../../../components/gcp/leastPrivilege";
import { asFailure, CloudFailure, mayPass, refusal } from "../../../src/targets/cloudRun/failures";
import { permissionIn, remedy } from "../../../src/targets/cloudRun/permissions";

const error = (message: string, more: object = {}) => Object.assign(new Error(message), more);
const network = (code: string) =>
  error(`request to http://x failed, reason: ${code}`, { code: 14, cause: Object.assign(new Error(code), { code }) });

test.each<[string, Error, CloudFailure["kind"]]>([
  ["429 by the SDK", error("Quota exceeded", { code: 8 }), "throttled"],
  ["429 by plain HTTP", error("x", { response: { status: 429 } }), "throttled"],
  ["503 by the SDK", error("x", { code: 14 }), "unclear"],
  ["500", error("x", { code: 13 }), "unclear"],
  ["502 by plain HTTP", error("x", { status: 502 }), "unclear"],
  ["no answer in time", error("Deadline exceeded", { code: 4 }), "unclear"],
  ["a broken connection", network("ECONNRESET"), "unclear"],
  ["nobody listens", network("ECONNREFUSED"), "unsent"],
  ["a host that is not there", network("ENOTFOUND"), "unsent"],
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

test("a bug is no failure of a call", () => {
  const bug = new TypeError("undefined is not a function");
  expect(() => asFailure(bug)).toThrow(bug);
});

test("a reply's JSON and its line breaks do not get into the message", () => {
  expect(asFailure(error('{"error":{"code":403,"message":"no\\n  way \\"here\\"","status":"X"}}', { code: 7 })).message).toBe(
    'no way "here"',
  );
});

test.each<[CloudFailure["kind"], RegExp]>([
  [
    "denied",
    /^submitting is not allowed to s@other\.iam\.gserviceaccount\.com; the key is of project "other", the work pool's runs go to "acme": why$/,
  ],
  ["disabled", /^submitting: the API is disabled in project "acme": why$/],
  ["unauthenticated", /Google does not accept the credentials of s@other/],
  ["throttled", /quota is used up/],
  ["unclear", /cannot be reached/],
  ["refused", /was refused by Google Cloud: why/],
])("what a user hears of %s", (kind, message) => {
  const told = refusal("submitting", new CloudFailure(kind, "why"), { project: "acme", clientEmail: "s@other.iam.gserviceaccount.com" });
  expect([told.exitCode, told.message]).toEqual([5, expect.stringMatching(message)]);
});

const RUN = "Permission 'run.jobs.run' denied on resource 'projects/acme/locations/r/jobs/j' (or resource may not exist).";
const ACT = "Permission 'iam.serviceaccounts.actAs' denied on service account flows@acme.iam.gserviceaccount.com (or it may not exist).";
const LOG = "Permission 'logging.logEntries.list' denied on resource 'projects/acme'";

test.each<[string, string | undefined, string, RegExp]>([
  ["a key", "s@acme.iam.gserviceaccount.com", RUN, /roles\/run\.developer in project "acme".*CloudRunPushPool gives it; .*refresh/],
  ["a login", undefined, RUN, /roles\/run\.developer in project "acme".*CloudRunPushPool gives it, to those in its submitters$/],
  [
    "acting as",
    "s@acme.iam.gserviceaccount.com",
    ACT,
    /roles\/iam\.serviceAccountUser on flows@acme\.iam\..* on its runtimeServiceAccount only/,
  ],
  ["logs", undefined, LOG, /roles\/logging\.viewer in project "acme".*unless logAccess is false, to those in its submitters$/],
  ["what Google does not name", undefined, "The caller does not have permission", /^$/],
  ["another's permission", undefined, "Permission 'storage.objects.get' denied on resource 'x'", /^$/],
])("what to do about a denial: %s", (_, clientEmail, message, expected) => {
  expect(remedy(message, { project: "acme", ...(clientEmail === undefined ? {} : { clientEmail }) })).toMatch(expected);
});

test("each permission of the component has a remedy", () => {
  const unknown = leastPrivilege({ logAccess: true }).filter(
    ({ permission }) => remedy(`Permission '${permission}' denied on resource 'x'`, { project: "acme" }) === "",
  );
  expect([unknown, permissionIn(RUN)]).toEqual([[], "run.jobs.run"]);
});
