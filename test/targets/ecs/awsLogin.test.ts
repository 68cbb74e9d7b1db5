import { AssumeRoleWithWebIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import type { Federation } from "../../../src/model/federation";
import { accessOf } from "../../../src/targets/ecs/awsAccess";
import type { PoolAccess } from "../../../src/targets/target";
import { type FakeAws, type FakeIssuer, startFakeAws, startFakeIssuer } from "../../../src/testing";
import { awsApi } from "../../../src/testing/providers/aws/awsApi";

// Roles: with other credentials (`assume_role_arn`), with an identity token, and as the caller.

const GITHUB = "https://token.actions.githubusercontent.com";
const HOST = "token.actions.githubusercontent.com";
let aws: FakeAws;
let github: FakeIssuer;
let other: FakeIssuer;
let roleArn: string;
let key: ReturnType<FakeAws["accessKey"]>;

const trust = (more: JsonObject[] = []) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: `arn:aws:iam::${aws.account}:oidc-provider/${HOST}` },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: { StringEquals: { [`${HOST}:aud`]: "sts.amazonaws.com" }, StringLike: { [`${HOST}:sub`]: "repo:acme/etl:*" } },
      },
      ...more,
    ],
  });

beforeAll(async () => {
  github = await startFakeIssuer({ issuer: GITHUB });
  other = await startFakeIssuer();
  aws = await startFakeAws({ issuers: { [GITHUB]: github.url } });
  key = aws.accessKey("base", []);
  const { iam } = awsApi(aws);
  await iam("CreateOpenIDConnectProvider", { Url: GITHUB, "ClientIDList.member.1": "sts.amazonaws.com" });
  const byUser = { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${aws.account}:user/base` }, Action: "sts:AssumeRole" };
  await iam("CreateRole", { RoleName: "submit", AssumeRolePolicyDocument: trust([byUser]) });
  roleArn = `arn:aws:iam::${aws.account}:role/submit`;
});
afterAll(() => Promise.all([aws.stop(), github.stop(), other.stop()]));

const poolOf = (data: JsonObject, federation?: Federation): PoolAccess => ({
  name: "etl",
  source: { project: "data", stack: "dev" },
  endpoints: aws.endpoints,
  baseJobTemplate: {},
  credentials: { block: "aws-credentials/etl", data: { region_name: "eu-west-1", ...data }, ...(federation ? { federation } : {}) },
});
const withKey = () => ({ aws_access_key_id: key.accessKeyId, aws_secret_access_key: key.secretAccessKey });
const federation = (): Federation => ({
  issuer: GITHUB,
  audience: "sts.amazonaws.com",
  subjects: ["repo:acme/etl:*"],
  token: { from: "github" },
  actsAs: roleArn,
});
const calls = (action: string) => aws.calls.filter((call) => call.action === action).length;

describe("assume_role_arn of a block", () => {
  test("a key assumes the role; many callers share one request, and a refused session is replaced once", async () => {
    const { role } = accessOf(poolOf({ ...withKey(), assume_role_arn: roleArn, assume_role_kwargs: { DurationSeconds: 1800 } }), {});
    const before = calls("sts:AssumeRole");
    const all = await Promise.all([1, 2, 3].map(() => role?.credentials()));
    expect(calls("sts:AssumeRole") - before).toBe(1);
    const [first] = all;
    expect(new Set(all).size).toBe(1);
    expect(first?.expiration.getTime()).toBeLessThan(Date.now() + 1_801_000);
    if (!first) throw new Error("no credentials");
    await Promise.all([role?.renew(first), role?.renew(first)]);
    expect(await role?.credentials()).not.toBe(first);
    await role?.renew(first);
    expect(calls("sts:AssumeRole") - before).toBeLessThanOrEqual(3);
  });

  test("sessions that are about to end are replaced", async () => {
    const { role } = accessOf(poolOf({ ...withKey(), assume_role_arn: roleArn }), {});
    const first = await role?.credentials();
    first?.expiration.setTime(Date.now() + 1000);
    expect(await role?.credentials()).not.toBe(first);
  });

  test.each<[string, JsonObject, RegExp]>([
    ["no ARN", { assume_role_arn: "submit" }, /assume_role_arn: "submit" must be the ARN of a role/],
    [
      "an unknown parameter",
      { assume_role_arn: "ARN", assume_role_kwargs: { Duration: 1 } },
      /assume_role_kwargs\.Duration: is not a parameter of AssumeRole/,
    ],
  ])("%s", (_, data, says) => {
    const known = JSON.parse(JSON.stringify(data).replace("ARN", roleArn)) as JsonObject;
    expect(() => accessOf(poolOf({ ...withKey(), ...known }), {})).toThrow(says);
  });

  test("a role that does not trust the key: the message has the fix", async () => {
    const { iam } = awsApi(aws);
    await iam("CreateRole", { RoleName: "closed", AssumeRolePolicyDocument: trust() });
    const { role } = accessOf(poolOf({ ...withKey(), assume_role_arn: roleArn.replace("submit", "closed") }), {});
    await expect(role?.credentials()).rejects.toMatchObject({
      kind: "denied",
      message: expect.stringContaining("is not authorized to perform: sts:AssumeRole"),
      details: { advice: expect.stringContaining("The trust policy of") },
    });
  });
});

describe("an identity token", () => {
  const job = { repository: "acme/etl" };
  test("one exchange for all, with a session name that says who submits", async () => {
    const { role, options } = accessOf(poolOf({}, federation()), { ...github.githubEnv(job) });
    const before = calls("sts:AssumeRoleWithWebIdentity");
    await Promise.all([role?.credentials(), role?.credentials(), (options("ecs").credentials as () => Promise<unknown>)()]);
    expect(calls("sts:AssumeRoleWithWebIdentity") - before).toBe(1);
    expect([...aws.world.iam.keys.values()].map(({ principal }) => principal.arn)).toContain(
      `arn:aws:sts::${aws.account}:assumed-role/submit/pushpool-data-dev-etl`,
    );
  });

  test("of another repository: no retry, and the message says what was sent and what the trust asks for", async () => {
    const { role } = accessOf(poolOf({}, federation()), { ...github.githubEnv({ repository: "evil/etl" }) });
    await expect(role?.credentials()).rejects.toMatchObject({
      kind: "denied",
      details: {
        mismatch: true,
        advice: expect.stringContaining('is "repo:evil/etl:ref:refs/heads/main", but the trust requires "repo:acme/etl:*"'),
      },
    });
  });

  const exchange = (WebIdentityToken: string, over: { RoleArn?: string; DurationSeconds?: number } = {}) =>
    new STSClient({ region: "eu-west-1", endpoint: aws.url, maxAttempts: 1 }).send(
      new AssumeRoleWithWebIdentityCommand({ RoleArn: roleArn, RoleSessionName: "test", WebIdentityToken, ...over }),
    );
  const AUD = "sts.amazonaws.com";
  test.each<[string, () => string, { RoleArn?: string; DurationSeconds?: number }, string, RegExp]>([
    ["another audience", () => github.githubToken(job, "other"), {}, "InvalidIdentityTokenException", /Incorrect token audience/],
    [
      "another issuer",
      () => other.token({ sub: "x", aud: AUD }),
      {},
      "InvalidIdentityTokenException",
      /No OpenIDConnect provider found in your account for http/,
    ],
    [
      "another subject",
      () => github.githubToken({ repository: "acme/etl-2" }, AUD),
      {},
      "AccessDenied",
      /Not authorized to perform sts:AssumeRoleWithWebIdentity/,
    ],
    [
      "another role",
      () => github.githubToken(job, AUD),
      { RoleArn: "arn:aws:iam::111111111111:role/none" },
      "AccessDenied",
      /Not authorized/,
    ],
    [
      "an ended token",
      () => github.token({ sub: "repo:acme/etl:x", aud: AUD, exp: 9 }),
      {},
      "ExpiredTokenException",
      /Token expired: current date\/time \d+ must be before the expiration date\/time 9/,
    ],
    ["no token", () => "a.b.c", {}, "InvalidIdentityTokenException", /not a valid JWT/],
    [
      "a signature of another",
      () => github.githubToken(job, AUD).replace(/\.[^.]{9}([^.]*)$/, ".AAAAAAAAA$1"),
      {},
      "InvalidIdentityTokenException",
      /signature/,
    ],
    ["too long", () => github.githubToken(job, AUD), { DurationSeconds: 40_000 }, "ValidationError", /exceeds the MaxSessionDuration/],
  ])("the fake refuses %s", async (_, token, over, name, says) => {
    await expect(exchange(token(), over)).rejects.toMatchObject({
      message: expect.stringMatching(says),
      name: expect.stringContaining(name.replace("Exception", "")),
    });
  });

  test("IAM refuses a trust that is open to all of GitHub, and a second provider of an issuer", async () => {
    const { iam } = awsApi(aws);
    const open = trust().replace(`"StringLike":{"${HOST}:sub":"repo:acme/etl:*"}`, '"StringLike":{}');
    await expect(iam("CreateRole", { RoleName: "open", AssumeRolePolicyDocument: open })).rejects.toThrow(/must evaluate .*:sub/);
    await expect(iam("CreateOpenIDConnectProvider", { Url: GITHUB })).rejects.toThrow(/already exists/);
  });
});

test("without an identity token, your own login assumes the role", async () => {
  const { role } = accessOf(poolOf({ ...withKey() }, { ...federation(), ownLogin: true }), {});
  expect((await role?.credentials())?.accessKeyId).toMatch(/^ASIA/);
});
