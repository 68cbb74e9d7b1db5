import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Federation } from "../../../src/model/federation";
import { claimsOf, unmetBy } from "../../../src/targets/cloud/identityClaims";
import { IdentityTokens } from "../../../src/targets/cloud/identityToken";
import { type FakeIssuer, startFakeIssuer } from "../../../src/testing";
import { scratch } from "../../scratch";

const TRUST: Federation = {
  issuer: "https://token.actions.githubusercontent.com",
  audience: "https://iam.googleapis.com/projects/1/x",
  subjects: ["repo:acme/etl:ref:refs/heads/main"],
  token: { from: "github" },
  actsAs: "push@acme.iam.gserviceaccount.com",
};
const GOOD = { iss: TRUST.issuer, aud: "//iam.googleapis.com/projects/1/x", sub: TRUST.subjects[0] as string, exp: 2_000 };

describe("the first condition that a token does not meet", () => {
  test.each([
    ["none", GOOD, TRUST, undefined],
    ["of several audiences one", { ...GOOD, aud: ["other", TRUST.audience] }, TRUST, undefined],
    ["a pattern", { ...GOOD, sub: "repo:acme/etl:environment:prod" }, { ...TRUST, subjects: ["repo:acme/etl:*"] }, undefined],
    ["a pattern is not a prefix of names", { ...GOOD, sub: "repo:acme/etl-2:x" }, { ...TRUST, subjects: ["repo:acme/etl:*"] }, "subject"],
    ["no character of a pattern is special", { ...GOOD, sub: "repo:acmexetl" }, { ...TRUST, subjects: ["repo:acme.etl"] }, "subject"],
    ["issuer", { ...GOOD, iss: "https://gitlab.com", sub: "other" }, TRUST, "issuer"],
    ["expiry", { ...GOOD, exp: 1 }, TRUST, "expiry"],
    ["audience", { ...GOOD, aud: "other" }, TRUST, "audience"],
    ["no audience", { iss: GOOD.iss, sub: GOOD.sub }, TRUST, "audience"],
    ["subject", { ...GOOD, sub: "repo:acme/other:ref:refs/heads/main" }, TRUST, "subject"],
  ])("%s", (_, claims, trust, condition) => {
    expect(unmetBy(claims, trust, 1_000_000)?.condition).toBe(condition);
  });

  test("it says what was sent and what the trust asks for, without whole e-mail addresses", () => {
    const unmet = unmetBy({ ...GOOD, sub: "ada@acme.com" }, TRUST, 0);
    expect(unmet?.says).toBe(
      'the subject of the identity token is "a…@acme.com", but the trust requires "repo:acme/etl:ref:refs/heads/main"',
    );
  });
});

test.each(["", "a.b", "a.b.c.d", "a.!.c", `a.${Buffer.from("7").toString("base64url")}.c`])("%j is no token", (text) => {
  expect(claimsOf(text)).toBeUndefined();
});

describe("where a token comes from", () => {
  let issuer: FakeIssuer;
  let answer = { status: 200, body: "" };
  const server = createServer((_, response) => response.writeHead(answer.status).end(answer.body));
  beforeAll(async () => {
    issuer = await startFakeIssuer({ issuer: TRUST.issuer });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  afterAll(async () => {
    await issuer.stop();
    server.close();
  });
  const tokens = (federation: Partial<Federation>, env: NodeJS.ProcessEnv = {}) =>
    new IdentityTokens({ pool: "etl", federation: { ...TRUST, ...federation }, env, fileVariable: "AWS_WEB_IDENTITY_TOKEN_FILE" });
  const job = { repository: "acme/etl" };

  test("GitHub's endpoint, for the audience of the trust", async () => {
    const token = await tokens({}, issuer.githubEnv(job)).get();
    expect(claimsOf(token)).toMatchObject({ iss: TRUST.issuer, sub: TRUST.subjects[0], aud: TRUST.audience });
  });

  test("a file, read again for each token, a variable, and the variable of the cloud's SDK", async () => {
    const path = join(scratch(), "token");
    const from = tokens({ token: { from: "file", path } });
    for (const branch of ["main", "dev"]) {
      writeFileSync(path, `${issuer.githubToken({ ...job, branch }, "x")}\n`);
      expect(claimsOf(await from.get())?.sub).toContain(branch);
    }
    const variable: Federation["token"] = { from: "environment", variable: "T" };
    expect(claimsOf(await tokens({ token: variable }, { T: issuer.githubToken(job, "y") }).get())?.aud).toBe("y");
    expect(claimsOf(await tokens({ token: variable }, { AWS_WEB_IDENTITY_TOKEN_FILE: path }).get())?.aud).toBe("x");
  });

  test("a URL, as text and as a field of JSON", async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const token = issuer.githubToken(job, "z");
    answer = { status: 200, body: token };
    expect(await tokens({ token: { from: "url", url } }).get()).toBe(token);
    answer = { status: 200, body: JSON.stringify({ id: { token } }) };
    await expect(tokens({ token: { from: "url", url, field: "id" } }).get()).rejects.toThrow(/answers without the field "id"/);
    answer = { status: 200, body: JSON.stringify({ id: token }) };
    expect(await tokens({ token: { from: "url", url, field: "id" } }).get()).toBe(token);
    answer = { status: 503, body: "" };
    await expect(tokens({ token: { from: "url", url } }).get()).rejects.toMatchObject({ kind: "unclear" });
    answer = { status: 403, body: "" };
    await expect(tokens({ token: { from: "url", url } }).get()).rejects.toMatchObject({ exitCode: 5 });
  });

  test.each([
    [
      "not in a job",
      {},
      {},
      /trusts GitHub Actions jobs with the subject "repo:acme\/etl:ref:refs\/heads\/main", and this process is in none.*--credentials ambient/,
    ],
    ["a job without the permission", {}, { GITHUB_ACTIONS: "true" }, /give it `permissions: \{ id-token: write \}`/],
    [
      "a job that GitHub does not know",
      {},
      { ACTIONS_ID_TOKEN_REQUEST_URL: "URL/idtoken?x=1", ACTIONS_ID_TOKEN_REQUEST_TOKEN: "no" },
      /it answers 401/,
    ],
    ["no variable", { token: { from: "environment", variable: "T" } as const }, {}, /the variable T is not set/],
    [
      "no file",
      { token: { from: "file", path: "/none/token" } as const },
      {},
      /cannot be read, which work pool "etl" needs in place of a key: ENOENT/,
    ],
    [
      "not a token",
      { token: { from: "environment", variable: "T" } as const },
      { T: "CANARY" },
      /^the variable T contains no identity token/,
    ],
  ])("%s", async (_, federation, env, says) => {
    const known = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace("URL", issuer.url)]));
    const error = await tokens(federation, known)
      .get()
      .catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ exitCode: 5, message: expect.stringMatching(says) });
    expect(String(error)).not.toContain("CANARY");
  });
});
