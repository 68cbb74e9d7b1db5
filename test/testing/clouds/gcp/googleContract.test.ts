import { randomUUID, sign } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Json, JsonObject } from "../../../../src/json";
import { startFakeGoogleCloud } from "../../../../src/testing";
import type { KeyFile } from "../../../../src/testing/clouds/gcp";
import { runContract } from "../../../../src/testing/clouds/gcp/googleContract";
import { RUN_METHODS } from "../../../../src/testing/clouds/gcp/runMethods";
import { jobOf, never, openerOf, poolOf, runOf } from "../../../targets/cloudRun/place";
import { until } from "../../../until";

// The fake compared with Google's own description of the API (the SDK's protos.json).

const contract = runContract();

async function google(options = {}) {
  const fake = await startFakeGoogleCloud({ grace: 500, ...options });
  onTestFinished(() => fake.stop());
  const headers = { authorization: `Bearer ${fake.ownerToken()}`, "content-type": "application/json" };
  const ask = async (method: string, path: string, body?: Json) => {
    const reply = await fetch(`${fake.url}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return { status: reply.status, body: (await reply.json()) as JsonObject };
  };
  return { fake, ask };
}

test("all replies, for every kind of end, match Google's description, and so do our requests", async () => {
  const { fake, ask } = await google();
  const pool = poolOf(fake, fake.serviceAccountKey("submitter") as JsonObject);
  const target = await openerOf(pool).open();
  const submit = async (script: string, over = {}) => {
    const plan = target.plan(jobOf(fake, script, over), runOf(randomUUID()));
    return target.submit(await target.prepare(plan, never), never);
  };
  const ends = ["true", "exit 3", "kill -9 $$", "sleep 600", "sleep 601", "no-such-command"];
  const ids = await Promise.all(ends.map((script) => submit(script)));
  ids.push(await submit("sleep 600", { task: { timeout: 1 } }), await submit("exit 1", { task: { maxRetries: 1 } }));
  ids.push(await submit("true", { job_per_run: true, env: { A: "1" } }));
  await until(() => fake.world.executions.get(ids[3] as string)?.startTime !== undefined);
  await target.stop(ids[3] as string, { reason: "test", graceSeconds: 1 });
  fake.world.outOfMemory(ids[4] as string);
  await until(async () => [...(await target.observe(ids)).values()].every(({ phase }) => phase === "ended"));
  const parent = "/v2/projects/acme/locations/europe-west1";
  for (const path of ["/jobs", "/jobs/-/executions?pageSize=2", "/jobs/none"]) await ask("GET", `${parent}${path}`);
  await Promise.all(ids.map((id) => ask("GET", `/v2/${id}`)));

  const found = fake.calls.flatMap(({ method, path, status, body, reply }) => {
    const described = RUN_METHODS.find(({ id }) => id === method);
    if (!described) return [];
    const faults: unknown[] = [];
    if (described.request && contract.difference(body, described.request)) faults.push(contract.difference(body, described.request));
    if (status === 200 && described.reply) faults.push(contract.difference(reply, described.reply));
    const inside = status === 200 ? anyOf(reply) : [];
    for (const any of inside) faults.push(contract.difference(any, `.${String(any["@type"]).split("/")[1]}`));
    return faults.filter(Boolean).map((fault) => [method, path, fault]);
  });
  expect(found).toEqual([]);
  const asked = new Set(fake.calls.map(({ method }) => method));
  for (const method of [
    "run.jobs.create",
    "run.jobs.run",
    "run.jobs.get",
    "run.jobs.list",
    "run.executions.list",
    "run.tasks.list",
    "run.executions.cancel",
  ])
    expect(asked).toContain(method);
});

function anyOf(reply: JsonObject): JsonObject[] {
  return [reply.metadata, reply.response].filter(
    (each): each is JsonObject => each !== undefined && each !== null && typeof each === "object" && "@type" in each,
  );
}

describe("proto3's JSON", () => {
  test("fields that are zero, false or empty are absent", async () => {
    const { fake } = await google();
    const target = await openerOf(poolOf(fake, fake.serviceAccountKey("submitter") as JsonObject)).open();
    const plan = target.plan(jobOf(fake, "true"), runOf(randomUUID()));
    const id = await target.submit(await target.prepare(plan, never), never);
    await until(async () => (await target.observe([id])).get(id)?.phase === "ended");
    const text = JSON.stringify([fake.world.executions.get(id), [...fake.world.tasks.values()]]);
    // Only maxRetries distinguishes 0 from absent.
    expect(text.replaceAll('"maxRetries":0,', "")).not.toMatch(/":(0|false|""|\[\])[,}]/);
    expect(text).not.toContain("exitCode");
  });

  test("enums are accepted as names and numbers, and returned as numbers on request", async () => {
    const { ask } = await google();
    const jobs = "/v2/projects/acme/locations/europe-west1/jobs";
    const job = (launchStage: Json) => ({ launchStage, template: { template: { executionEnvironment: 1, containers: [{ image: "x" }] } } });
    await ask("POST", `${jobs}?jobId=named`, job("GA"));
    await ask("POST", `${jobs}?jobId=numbered`, job(4));
    const byName = await ask("GET", `${jobs}/numbered`);
    const byNumber = await ask("GET", `${jobs}/named?$alt=json%3Benum-encoding=int`);
    expect(byName.body).toMatchObject({
      launchStage: "GA",
      template: { template: { executionEnvironment: "EXECUTION_ENVIRONMENT_GEN1" } },
    });
    expect(byNumber.body).toMatchObject({ launchStage: 4, template: { template: { executionEnvironment: 1 } } });
  });
});

test("a Job keeps its caller's fields, becomes ready through RECONCILING, and is found by its project's number", async () => {
  const { fake, ask } = await google({ reconcile: 3_000 });
  const jobs = "/v2/projects/acme/locations/europe-west1/jobs";
  const said: JsonObject = { annotations: { team: "data" }, binaryAuthorization: { useDefault: true }, client: "c", clientVersion: "1" };
  const sql = {
    containers: [{ image: "x", command: ["true"], volumeMounts: [{ name: "sql" }] }],
    volumes: [{ name: "sql", cloudSqlInstance: { instances: ["p:r:i"] } }],
  };
  const made = await ask("POST", `${jobs}?jobId=j`, { ...said, template: { annotations: { run: "1" }, template: sql } });
  expect(made.body.metadata).toMatchObject({ ...said, terminalCondition: { state: "CONDITION_PENDING" } });
  const states = new Set<string>();
  const byNumber = jobs.replace("acme", fake.world.numberOf("acme"));
  await until(async () => {
    const { body } = await ask("GET", `${byNumber}/j`);
    expect(body).toMatchObject({ ...said, name: "projects/acme/locations/europe-west1/jobs/j" });
    const { state } = body.terminalCondition as { state: string };
    states.add(state);
    return state === "CONDITION_SUCCEEDED";
  });
  expect([...states]).toContain("CONDITION_RECONCILING");
  await ask("POST", `${jobs}/j:run`, {});
  const [execution] = await until(async () => {
    const { body } = await ask("GET", `${jobs}/j/executions`);
    const all = body.executions as JsonObject[] | undefined;
    return all?.[0]?.completionTime !== undefined && all;
  });
  expect(execution).toMatchObject({
    annotations: { run: "1" },
    conditions: [
      { type: "Completed", state: "CONDITION_SUCCEEDED" },
      { type: "ResourcesAvailable" },
      { type: "Started" },
      { type: "ContainerReady" },
      { type: "Retry", state: "CONDITION_SUCCEEDED", severity: "INFO", reason: "IMMEDIATE_RETRY" },
    ],
  });
  const { body } = await ask("GET", `/v2/${String(execution?.name)}/tasks`);
  expect((body.tasks as JsonObject[])[0]).toMatchObject({
    maxRetries: 3,
    containers: [{ image: "x" }],
    conditions: [{ type: "Completed", state: "CONDITION_SUCCEEDED" }],
  });
});

describe("what Google refuses", () => {
  const jobs = "/v2/projects/acme/locations/europe-west1/jobs";
  const task = (over: JsonObject): JsonObject => ({ template: { template: { containers: [{ image: "x" }], ...over } } });
  test.each<[string, string, JsonObject, number, RegExp]>([
    ["an unknown field", "j", { templat: {} }, 400, /^Invalid JSON payload received\. Unknown name "templat": Cannot find field\.$/],
    [
      "an unknown field, deep inside",
      "j",
      task({ maxRetry: 1 }),
      400,
      /Unknown name "maxRetry" at 'template\.template': Cannot find field/,
    ],
    [
      "a value of another type",
      "j",
      task({ maxRetries: "many" }),
      400,
      /^Invalid value at 'template\.template\.max_retries' \(TYPE_INT32\), "many"$/,
    ],
    ["a number for a duration", "j", task({ timeout: 600 }), 400, /Duration/],
    ["an invalid enum value", "j", task({ executionEnvironment: "GEN2" }), 400, /ExecutionEnvironment/],
    ["an invalid name", "J_1", task({}), 400, /job_id/],
    ["too many retries", "j", task({ maxRetries: 11 }), 400, /max_retries/],
    ["a token that is too long", "j", { ...task({}), startExecutionToken: "x".repeat(62) }, 400, /fewer than 63/],
    ["an invalid label", "j", { ...task({}), labels: { Team: "x" } }, 400, /labels: Team=x/],
    ["no container", "j", { template: { template: {} } }, 400, /at least one container/],
    [
      "two of a oneof",
      "j",
      { ...task({}), binaryAuthorization: { useDefault: true, policy: "p" } },
      400,
      /at 'binary_authorization' \(oneof\), oneof field 'binauthz_method' is already set\. Cannot set 'policy'/,
    ],
    ["a reserved annotation", "j", { ...task({}), annotations: { "run.googleapis.com/x": "y" } }, 400, /annotations: the namespace/],
    [
      "a mount of a missing volume",
      "j",
      task({ containers: [{ image: "x", volumeMounts: [{ name: "v", mountPath: "/v" }] }] }),
      400,
      /Volume with name v does not exist/,
    ],
    [
      "another path for Cloud SQL",
      "j",
      task({
        containers: [{ image: "x", volumeMounts: [{ name: "sql", mountPath: "/sql" }] }],
        volumes: [{ name: "sql", cloudSqlInstance: { instances: ["p:r:i"] } }],
      }),
      400,
      /must be \/cloudsql or empty, not \/sql/,
    ],
  ])("%s", async (_, id, body, status, message) => {
    const { ask } = await google();
    expect(await ask("POST", `${jobs}?jobId=${id}`, body)).toMatchObject({
      status,
      body: { error: { code: status, message: expect.stringMatching(message) } },
    });
  });

  test("an unknown region, disabled billing, and a perimeter", async () => {
    const { fake, ask } = await google();
    const reasonOf = async (path: string) => {
      const { status, body } = await ask("GET", path);
      const { details } = body.error as unknown as { details: { reason?: string }[] };
      return [status, details.find(({ reason }) => reason)?.reason];
    };
    expect(await reasonOf("/v2/projects/acme/locations/europe-west99/jobs")).toEqual([403, "LOCATION_POLICY_VIOLATED"]);
    fake.world.billing = false;
    expect(await reasonOf(jobs)).toEqual([403, "BILLING_DISABLED"]);
    fake.world.billing = true;
    fake.world.perimeter = true;
    expect(await reasonOf(jobs)).toEqual([403, "SECURITY_POLICY_VIOLATED"]);
  });

  test("a name twice, a run before it is ready, an old etag, a cancellation after the end", async () => {
    const { fake, ask } = await google({ reconcile: 3_000 });
    const made = await ask("POST", `${jobs}?jobId=j`, task({ containers: [{ image: "x", command: ["true"] }] }));
    expect(made.status).toBe(200);
    expect(await ask("POST", `${jobs}?jobId=j`, task({}))).toMatchObject({ status: 409, body: { error: { status: "ALREADY_EXISTS" } } });
    expect(await ask("POST", `${jobs}/j:run`, {})).toMatchObject({ status: 400, body: { error: { status: "FAILED_PRECONDITION" } } });
    const run = await until(async () => {
      const reply = await ask("POST", `${jobs}/j:run`, {});
      return reply.status === 200 && reply;
    });
    expect(await ask("POST", `${jobs}/j:run`, { etag: '"stale"' })).toMatchObject({ status: 409, body: { error: { status: "ABORTED" } } });
    const { name } = run.body.metadata as { name: string };
    const done = await until(async () => {
      const operation = await ask("GET", `/v2/${String(run.body.name)}`);
      return operation.body.done === true && operation.body;
    });
    expect(done).toMatchObject({ response: { succeededCount: 1 } });
    expect(await ask("POST", `/v2/${name}:cancel`, {})).toMatchObject({
      status: 400,
      body: { error: { status: "FAILED_PRECONDITION", message: expect.stringMatching(/cannot be cancelled because it is not running/) } },
    });
    expect(fake.world.executions.size).toBe(1);
  });
});

/** A JSON Web Token like those of Google's client libraries (RFC 7519), with these claims. */
function signedBy(key: KeyFile, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "RS256", typ: "JWT", kid: key.private_key_id })}.${part(claims)}`;
  return `${text}.${sign("RSA-SHA256", Buffer.from(text), key.private_key).toString("base64url")}`;
}

function exchange(url: string, assertion: string): Promise<Response> {
  return fetch(`${url}/token`, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion }),
  });
}

describe("credentials", () => {
  const path = "/v2/projects/acme/locations/europe-west1/jobs";
  const asked = async (url: string, token?: string) => {
    const reply = await fetch(`${url}${path}`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
    return [reply.status, ((await reply.json()) as { error?: { status: string; message: string } }).error?.message];
  };

  test("nobody without a token, or with a made-up one", async () => {
    const { fake } = await google();
    expect(await asked(fake.url)).toEqual([401, expect.stringMatching(/^Request is missing required authentication credential/)]);
    expect(await asked(fake.url, "made.up.token")).toEqual([401, expect.stringMatching(/^Request had invalid authentication credentials/)]);
  });

  test("a key's own token, and one from the token endpoint; none of a key that is deleted, expired, or another's", async () => {
    const { fake } = await google();
    const { JWT } = await import("google-auth-library");
    const key = fake.serviceAccountKey("someone", ["roles/run.viewer"]);
    const signed = async (over: object, own: boolean) => {
      const client = new JWT({
        email: key.client_email,
        key: key.private_key,
        keyId: key.private_key_id,
        scopes: ["https://www.googleapis.com/auth/cloud-platform"],
        ...over,
      });
      client.useJWTAccessWithScope = own;
      const headers = await client.getRequestHeaders();
      return String(headers.get("authorization")).replace("Bearer ", "");
    };
    const own = await signed({}, true);
    expect((await asked(fake.url, own))[0]).toBe(200);
    expect((await asked(fake.url, await signed({ email: "other@acme.iam.gserviceaccount.com" }, true)))[0]).toBe(401);
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: key.client_email,
      aud: key.token_uri,
      scope: "https://www.googleapis.com/auth/cloud-platform",
      iat: now,
      exp: now + 60,
    };
    const given = await exchange(fake.url, signedBy(key, claims));
    expect(given.status).toBe(200);
    const { access_token: token } = (await given.json()) as { access_token: string };
    expect((await asked(fake.url, token))[0]).toBe(200);
    fake.world.iam.keys.delete(key.private_key_id);
    expect((await asked(fake.url, own))[0]).toBe(401);
    const refused = await exchange(fake.url, signedBy(key, claims));
    expect([refused.status, await refused.json()]).toEqual([400, { error: "invalid_grant", error_description: "Invalid JWT Signature." }]);
  });

  test("a disabled key gets no tokens until it is enabled; those that it got stay valid", async () => {
    const { fake, ask } = await google();
    const key = fake.serviceAccountKey("leaked", ["roles/run.viewer"]);
    const at = `/v1/projects/acme/serviceAccounts/${key.client_email}/keys`;
    const now = Math.floor(Date.now() / 1000);
    const common = { iss: key.client_email, sub: key.client_email, scope: "https://www.googleapis.com/auth/cloud-platform" };
    const assertion = signedBy(key, { ...common, aud: key.token_uri, iat: now, exp: now + 60 });
    const own = signedBy(key, { ...common, iat: now, exp: now + 60 });
    const { access_token: token } = (await (await exchange(fake.url, assertion)).json()) as { access_token: string };
    const listed = async () => ((await ask("GET", `${at}?keyTypes=USER_MANAGED`)).body.keys as object[])[0];
    expect(await listed()).not.toHaveProperty("disabled");

    expect((await ask("POST", `${at}/${key.private_key_id}:disable`)).body).toEqual({});
    expect(await listed()).toMatchObject({ disabled: true, disableReason: "SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED" });
    const refused = await exchange(fake.url, assertion);
    expect([refused.status, await refused.json()]).toEqual([400, { error: "invalid_grant", error_description: "Invalid JWT Signature." }]);
    expect([(await asked(fake.url, own))[0], (await asked(fake.url, token))[0]]).toEqual([401, 200]);

    await ask("POST", `${at}/${key.private_key_id}:enable`);
    expect(await listed()).not.toHaveProperty("disabled");
    expect((await exchange(fake.url, assertion)).status).toBe(200);
  });

  test("a deleted service account is reported as such, and a system-managed key is in the list of keys", async () => {
    const { fake, ask } = await google();
    const key = fake.serviceAccountKey("gone", ["roles/run.viewer"]);
    const listed = async (query = "") => {
      const { body } = await ask("GET", `/v1/projects/acme/serviceAccounts/${key.client_email}/keys${query}`);
      return (body.keys as { keyType: string }[]).map(({ keyType }) => keyType);
    };
    expect([await listed(), await listed("?keyTypes=USER_MANAGED")]).toEqual([["USER_MANAGED", "SYSTEM_MANAGED"], ["USER_MANAGED"]]);
    const now = Math.floor(Date.now() / 1000);
    const common = { iss: key.client_email, sub: key.client_email, scope: "https://www.googleapis.com/auth/cloud-platform" };
    const token = signedBy(key, { ...common, iat: now, exp: now + 60 });
    expect((await asked(fake.url, token))[0]).toBe(200);
    await ask("DELETE", `/v1/projects/acme/serviceAccounts/${key.client_email}`);
    expect(await asked(fake.url, token)).toEqual([401, `Account deleted: ${key.client_id}`]);
    const refused = await exchange(fake.url, signedBy(key, { ...common, aud: key.token_uri, iat: now, exp: now + 60 }));
    expect(await refused.json()).toEqual({ error: "invalid_grant", error_description: "Invalid grant: account not found" });
  });
});
