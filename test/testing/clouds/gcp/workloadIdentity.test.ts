import { IdentityPoolClient } from "google-auth-library";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../../../src/json";
import { type FakeGoogleCloud, type FakeIssuer, startFakeGoogleCloud, startFakeIssuer } from "../../../../src/testing";
import { googleApi } from "../../../../src/testing/providers/gcp/googleApi";

// Google's token service verifies tokens and evaluates conditions; its own client library talks to it.

let google: FakeGoogleCloud;
let github: FakeIssuer;
let other: FakeIssuer;
let account: string;
let providerName: string;

beforeAll(async () => {
  github = await startFakeIssuer({ issuer: "https://token.actions.githubusercontent.com" });
  other = await startFakeIssuer();
  google = await startFakeGoogleCloud({ issuers: { [github.issuer]: github.url } });
  account = google.serviceAccountKey("submitter").client_email;
  const api = googleApi(google.url, google.ownerToken);
  await api.call("POST", "/v1/projects/acme/locations/global/workloadIdentityPools?workloadIdentityPoolId=jobs", {});
  await api.call("POST", `${PROVIDERS}?workloadIdentityPoolProviderId=github`, PROVIDER);
  const found = await api.get(`${PROVIDERS}/github`);
  providerName = String(found?.name);
  const pool = providerName.replace(/\/providers.*/, "");
  google.world.iam.bind(
    `serviceAccounts/${account}`,
    "roles/iam.workloadIdentityUser",
    `principal://iam.googleapis.com/${pool}/subject/repo:acme/etl:ref:refs/heads/main`,
  );
});
afterAll(() => Promise.all([google.stop(), github.stop(), other.stop()]));

const PROVIDERS = "/v1/projects/acme/locations/global/workloadIdentityPools/jobs/providers";
const PROVIDER: JsonObject = {
  attributeMapping: { "google.subject": "assertion.sub", "attribute.repository": "assertion.repository" },
  attributeCondition: "assertion.repository == 'acme/etl' && assertion.ref.startsWith('refs/heads/')",
  oidc: { issuerUri: "https://token.actions.githubusercontent.com" },
};

const audience = () => `https://iam.googleapis.com/${providerName}`;
const clientOf = (token: string, over: { audience?: string; email?: string } = {}) =>
  new IdentityPoolClient({
    type: "external_account",
    audience: over.audience ?? `//iam.googleapis.com/${providerName}`,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: `${google.url}/v1/token`,
    service_account_impersonation_url: `${google.url}/v1/projects/-/serviceAccounts/${over.email ?? account}:generateAccessToken`,
    subject_token_supplier: { getSubjectToken: async () => token },
  } as unknown as ConstructorParameters<typeof IdentityPoolClient>[0]);
const job = { repository: "acme/etl" };

test("a job of the repository acts as the account, and only as that", async () => {
  const { token } = await clientOf(github.githubToken(job, audience())).getAccessToken();
  const jobs = await fetch(`${google.url}/v2/projects/acme/locations/europe-west1/jobs`, { headers: { authorization: `Bearer ${token}` } });
  expect(jobs.status).toBe(200);
  expect(google.calls.at(-1)).toMatchObject({ member: `serviceAccount:${account}` });
  google.endTokens();
  const later = await fetch(`${google.url}/v2/projects/acme/locations/europe-west1/jobs`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(later.status).toBe(401);
});

const tampered = (token: string) => {
  const [header, payload, signature] = token.split(".") as [string, string, string];
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as JsonObject;
  return `${header}.${Buffer.from(JSON.stringify({ ...claims, repository: "acme/etl" })).toString("base64url")}.${signature}`;
};

test.each<[string, () => string, { audience?: string; email?: string }, RegExp]>([
  [
    "another audience",
    () => github.githubToken(job, "pushpool"),
    {},
    /invalid_grant: The audience in ID Token \[pushpool\] does not match the expected audience/,
  ],
  [
    "another issuer",
    () => other.token({ sub: "x", aud: audience() }),
    {},
    /invalid_grant: The issuer in ID Token http:\S+ does not match the expected ones/,
  ],
  [
    "another repository",
    () => github.githubToken({ repository: "evil/etl" }, audience()),
    {},
    /unauthorized_client: The given credential is rejected by the attribute condition/,
  ],
  [
    "a claim that was changed",
    () => tampered(github.githubToken({ repository: "evil/etl" }, audience())),
    {},
    /invalid_grant: The signature/,
  ],
  ["a token that ended", () => github.token({ sub: "x", aud: audience(), exp: 1 }), {}, /invalid_grant: ID Token issued at .* is stale/],
  ["no token", () => "x.y.z", {}, /invalid_grant: Unable to parse/],
  [
    "another branch, which the condition admits and no binding",
    () => github.githubToken({ ...job, branch: "dev" }, audience()),
    {},
    /iam\.serviceAccounts\.getAccessToken' denied/,
  ],
  [
    "another account",
    () => github.githubToken(job, audience()),
    { email: "flow-runtime@acme.iam.gserviceaccount.com" },
    /iam\.serviceAccounts\.getAccessToken' denied/,
  ],
  [
    "no provider",
    () => github.githubToken(job, audience()),
    { audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/no/providers/no" },
    /invalid_target/,
  ],
])("%s", async (_, token, over, says) => {
  await expect(clientOf(token(), over).getAccessToken()).rejects.toThrow(says);
});

test("keys that the issuer no longer publishes sign nothing", async () => {
  const before = github.githubToken(job, audience());
  github.changeKey();
  await expect(clientOf(before).getAccessToken()).rejects.toThrow(/The signature/);
  await clientOf(github.githubToken(job, audience())).getAccessToken();
});

describe("what Google refuses to create", () => {
  const api = () => googleApi(google.url, google.ownerToken);
  test.each<[string, JsonObject, RegExp]>([
    ["a public issuer without a condition", { ...PROVIDER, attributeCondition: "true" }, /must reference one of the provider's claims/],
    ["a condition that is not CEL", { ...PROVIDER, attributeCondition: "assertion.sub ==" }, /Error in the attribute condition/],
    ["no subject", { ...PROVIDER, attributeMapping: { "attribute.a": "assertion.sub" } }, /must contain google.subject/],
  ])("%s", async (_, body, says) => {
    await expect(api().call("POST", `${PROVIDERS}?workloadIdentityPoolProviderId=more`, body)).rejects.toThrow(says);
  });

  test("a pool with the id of a deleted one", async () => {
    const pools = "/v1/projects/acme/locations/global/workloadIdentityPools";
    await api().call("POST", `${pools}?workloadIdentityPoolId=gone`, {});
    await api().remove(`${pools}/gone`);
    expect(await api().get(`${pools}/gone`)).toBeUndefined();
    await expect(api().call("POST", `${pools}?workloadIdentityPoolId=gone`, {})).rejects.toThrow(/already exists/);
  });
});
