import fc from "fast-check";
import { expect, test } from "vitest";
import { checkServer } from "../../src/prefect/api/server";
import { connectionOf } from "../../src/prefect/apiConnection";
import { type ClientOptions, createClient } from "../../src/prefect/client";
import { isRefusal, serverText } from "../../src/prefect/prefectRefusal";
import { nextPause } from "../../src/prefect/repeat";
import { type Answer, fakeApi, type Seen } from "./fakeApi";

const ok: Answer = { status: 200, body: { ok: true } };
async function over(answers: Answer[] | ((request: Seen) => Answer), options: ClientOptions = {}, auth?: string) {
  const { apiUrl, seen } = await fakeApi(answers);
  const repeats: string[] = [];
  const client = createClient(connectionOf(apiUrl, auth, "test"), { onRepeat: (reason) => repeats.push(reason), ...options });
  return { client, seen, repeats, apiUrl };
}

test.each<[string, Answer, boolean]>([
  ["503: a busy server that may still have done it", { status: 503, body: "Service Unavailable" }, true],
  ["502", { status: 502 }, true],
  ["408", { status: 408 }, true],
  ["429: certainly not done", { status: 429, headers: { "retry-after": "0" } }, false],
  ["a connection cut after the request arrived", "cut", true],
])("retries: %s", async (_, answer, repeated) => {
  const { client, seen, repeats } = await over([ok, answer, ok]);
  await client.request("GET", "/first");
  expect(await client.request("POST", "/x", { json: { a: 1 } })).toEqual({ status: 200, body: { ok: true }, repeated });
  expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual(["GET /api/first", "POST /api/x", "POST /api/x"]);
  expect(seen[2]?.body).toEqual({ a: 1 });
  expect(repeats).toHaveLength(1);
  expect(client.sent).toBe(3);
});

test("a server that does not answer gets a second request, and is then reported as unreachable", async () => {
  const { client, seen } = await over([ok, "silence"], { timeoutMs: 200, patienceMs: 2_000 });
  await client.request("GET", "/first");
  await expect(client.request("GET", "/x", { about: 'work pool "etl"' })).rejects.toMatchObject({
    message: expect.stringMatching(/^work pool "etl": the Prefect API at .* \(test\) cannot be reached: it does not answer, \d times$/),
    exitCode: 5,
  });
  expect(seen.length).toBeGreaterThan(2);
});

test("a wrong URL is reported at once; a patient client first retries for a while", async () => {
  const nowhere = connectionOf("http://127.0.0.1:2/api", undefined, "PREFECT_API_URL");
  const said = /^the Prefect API at http:\/\/127.0.0.1:2\/api \(PREFECT_API_URL\) cannot be reached: .*ECONNREFUSED/;
  const tries: number[] = [];
  const client = createClient(nowhere, { onRepeat: (_, pause) => tries.push(pause) });
  await expect(client.request("GET", "/health")).rejects.toThrow(said);
  expect(tries).toEqual([]);
  const patient = createClient(nowhere, { patientAtFirst: true, patienceMs: 700, onRepeat: (_, pause) => tries.push(pause) });
  await expect(patient.request("GET", "/health")).rejects.toThrow(said);
  expect(tries.length).toBeGreaterThan(0);
});

test("a user who waits for it gets a message after a few seconds", async () => {
  const told: string[] = [];
  const start = Date.now();
  const busy: Answer = { status: 503, body: "Service Unavailable" };
  const { client } = await over(() => (Date.now() < start + 6_000 ? busy : ok), { tell: (message) => told.push(message) });
  await client.request("GET", "/x");
  expect(told).toEqual([
    expect.stringMatching(/^the Prefect API at .* \(test\): trying again, \d+ tries in \d\.\d s so far: it answered 503$/),
  ]);
});

test("waits as long as Retry-After says, but not beyond its patience", async () => {
  const { client } = await over([{ status: 429, headers: { "retry-after": "3600" } }]);
  await expect(client.request("GET", "/x")).rejects.toThrow(/cannot be reached: it answered 429, 1 times/);
});

test("a caller can cancel a request at any time", async () => {
  const { client } = await over(["silence"]);
  const giveUp = new AbortController();
  const reply = client.request("GET", "/x", { signal: giveUp.signal });
  giveUp.abort(new Error("enough"));
  await expect(reply).rejects.toThrow("enough");
});

test("fetches a CSRF token when the server requires one, keeps it, and fetches a new one when it has expired", async () => {
  let valid = "t1";
  const guarded = (request: Seen): Answer => {
    if (request.path.startsWith("/api/csrf-token"))
      return { status: 200, body: { token: valid, client: "c", expiration: "2030-01-01T00:00:00Z" } };
    if (request.method === "GET" || request.headers["prefect-csrf-token"] === valid) return ok;
    return { status: 403, body: { detail: "Missing CSRF token." } };
  };
  const { client, seen } = await over(guarded);
  const post = () => client.request("POST", "/x", { json: {} });
  await post();
  await post();
  valid = "t2";
  await post();
  const asked = seen.filter(({ path }) => path.startsWith("/api/csrf-token"));
  expect(asked).toHaveLength(2);
  const clients = seen.flatMap(({ headers }) => headers["prefect-csrf-client"] ?? []);
  expect(new Set(clients).size).toBe(1);
  expect(asked[0]?.path).toBe(`/api/csrf-token?client=${clients[0]}`);
});

test("reports a 403 that has another reason", async () => {
  const { client } = await over([{ status: 403, body: { detail: "Work pools starting with 'Prefect' are reserved for internal use." } }]);
  await expect(client.request("POST", "/x", { json: {} })).rejects.toThrow(
    /refuses the request \(403\): Work pools starting with 'Prefect' are reserved/,
  );
});

test.each([
  ["pnu_0123456789", "Bearer pnu_0123456789"],
  ["admin:pass:word", `Basic ${Buffer.from("admin:pass:word").toString("base64")}`],
])("auth %s is sent as %s, and no message shows it", async (auth, header) => {
  const { client, seen } = await over([{ status: 422, body: { detail: `no ${auth} here, nor my-own-secret` } }], {}, auth);
  const error = await client.request("POST", "/x", { json: {}, redact: ["my-own-secret"] }).catch((thrown) => thrown);
  expect(seen[0]?.headers.authorization).toBe(header);
  expect(error.message).toContain("no [secret] here, nor [secret]");
  expect(isRefusal(error, 422)).toBe(true);
});

test.each<[Answer, RegExp]>([
  [{ status: 401, body: { exception_message: "Unauthorized" } }, /\(test\) answers 401: it requires a key\. Set PREFECT_API_KEY/],
  [
    { status: 404, body: { detail: "Not Found" } },
    /there is no Prefect API at .* it answers 404: the URL of a self-hosted server ends in \/api/,
  ],
  [{ status: 404, body: "<html>nginx</html>" }, /there is no Prefect API/],
  [{ status: 307, headers: { location: "https://elsewhere/" } }, /redirects: use the URL that it redirects to/],
  [{ status: 500, body: { exception_message: "Internal Server Error" } }, /refuses the request \(500\): Internal Server Error/],
])("%j is one clear message", async (answer, message) => {
  const { client } = await over([answer]);
  await expect(client.request("GET", "/x")).rejects.toThrow(message);
});

test.each<[Answer, RegExp]>([
  [{ status: 200, body: "2.20.4" }, /is too old: it is 2\.20\.4, and pushpool needs 3\.0 or newer/],
  [{ status: 200, body: { hello: 1 } }, /there is no Prefect API at/],
])("not a Prefect server, or one that is too old: %j", async (answer, message) => {
  const { client } = await over([answer]);
  await expect(checkServer(client)).rejects.toThrow(message);
});

test("does not ask Prefect Cloud for its version", async () => {
  const { apiUrl, seen } = await fakeApi([{ status: 200, body: [] }]);
  const client = createClient(connectionOf(`${apiUrl}/accounts/a/workspaces/w`, "pnu_key", "test"));
  expect(await checkServer(client)).toBeUndefined();
  expect(seen.map(({ path }) => path)).toEqual(["/api/accounts/a/workspaces/w/work_pools/filter"]);
});

test.each([
  [{ detail: "Block not found." }, "Block not found."],
  [{ exception_message: "Internal Server Error" }, "Internal Server Error"],
  [
    {
      exception_message: "Invalid request received.",
      exception_detail: [
        { type: "value_error", loc: ["body", "base_job_template"], msg: "Value error, no variables", input: { password: "hunter2" } },
        { type: "extra_forbidden", loc: ["body", "bogus"], msg: "Extra inputs are not permitted", input: "hunter2" },
      ],
      request_body: { password: "hunter2" },
    },
    "base_job_template: no variables; bogus: Extra inputs are not permitted",
  ],
  ["Service Unavailable", "Service Unavailable"],
  [null, ""],
])("the server's own message: %j", (body, text) => {
  expect(serverText(body)).toBe(text);
});

test("pauses grow, and are never zero", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.option(fc.oneof(fc.integer({ min: -5, max: 900 }).map(String), fc.string())),
      (tries, after) => {
        const pause = nextPause(tries, after, Date.now());
        expect(pause).toBeGreaterThanOrEqual(100);
        expect(nextPause(tries + 1, after, Date.now(), () => 0)).toBeGreaterThanOrEqual(nextPause(tries, after, Date.now(), () => 0) - 1);
      },
    ),
  );
  expect(nextPause(1, "7", 0, () => 0)).toBe(7000);
  expect(nextPause(1, new Date(9000).toUTCString(), 0, () => 0)).toBe(9000);
});
