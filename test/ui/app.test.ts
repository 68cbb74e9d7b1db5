import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listFiles } from "../../src/ui/staticFiles";
import type { DeploymentDetail, PoolList, Problem, RunCreated, RunDetail, RunRow, RunsPage, Strip } from "../../src/ui/wire";
import { ended, RUNNING } from "../runs/scriptedTarget";
import { scratch } from "../scratch";
import { until } from "../until";
import { CANARIES, HOST, type Page, page } from "./page";

const infra = ({ id, attempt }: RunRow) => `${id}/${attempt}`;
const create = (here: Page, body: object) => here.json<RunCreated>("/api/runs", { method: "POST", body });

test("a run from its creation on the page to its end: this process submits and follows it", async () => {
  const here = page();
  const { run, created } = await create(here, { deployment: "hello/node", parameters: { n: 2 }, tags: ["x"], name: "mine" });
  expect([created, run]).toMatchObject([true, { name: "mine", tags: ["x"], on: "ledger", state: { type: "SCHEDULED" } }]);
  await until(() => here.target.started.length === 1);
  here.target.set(infra(run), RUNNING);
  const detail = () => here.json<RunDetail>(`/api/runs/${run.id}`) as unknown as Promise<RunDetail>;
  await until(async () => (await detail()).state.type === "RUNNING");
  expect(await detail()).toMatchObject({
    parameters: { name: "Ada", n: 2 },
    entrypoint: "flows.py:hello",
    exitCode: null,
    can: { cancel: true, retry: false, runAgain: true },
    commands: { run: `pushpool run hello/node --params '{"name":"Ada","n":2}' -t x`, cancel: `pushpool cancel ${run.id}` },
  });
  here.target.set(infra(run), ended({ kind: "exited", code: 3 }));
  await until(async () => (await detail()).state.type === "FAILED");
  const failed = await detail();
  expect(failed).toMatchObject({ exitCode: 3, can: { cancel: false, retry: true } });
  expect(failed.attempts[0]?.phases.map(({ name }) => name)).toEqual(["queued", "submitted", "provisioning", "running"]);

  expect(await here.json(`/api/runs/${run.id}/retry`, { method: "POST" })).toMatchObject({ run: { attempt: 2 } });
  await until(() => here.target.started.length === 2);
  const retried = await detail();
  expect(retried.attempts.map(({ number, infrastructureId }) => [number, infrastructureId])).toEqual([
    [1, infra(run)],
    [2, `${run.id}/2`],
  ]);
  const cancelled = await here.json<{ run: RunRow }>(`/api/runs/${run.id}/cancel`, { method: "POST" });
  expect((cancelled as unknown as { run: RunRow }).run.state.type).toBe("CANCELLING");
  here.target.set(`${run.id}/2`, ended({ kind: "cancelled", by: "us" }));
  await until(async () => (await detail()).state.type === "CANCELLED");
});

test.each<[string, object, Problem["fields"]]>([
  [
    "a parameter of a wrong type",
    { deployment: "hello/node", parameters: { n: "x" } },
    [{ path: "/parameters/n", message: "must be integer or null" }],
  ],
  [
    "a nested parameter",
    { deployment: "hello/node", parameters: { who: { age: "old" } } },
    [{ path: "/parameters/who/age", message: expect.stringMatching(/integer/) }],
  ],
  [
    "an unknown parameter",
    { deployment: "hello/node", parameters: { nam: "x" } },
    [{ path: "/parameters/nam", message: expect.stringMatching(/is unknown: did you mean "name"/) }],
  ],
  [
    "an unknown job variable",
    { deployment: "hello/node", jobVariables: { working_dri: "/" } },
    [{ path: "/jobVariables/working_dri", message: expect.stringMatching(/working_dir/) }],
  ],
  [
    "an ill-typed job variable",
    { deployment: "hello/node", jobVariables: { env: 1 } },
    [{ path: "/jobVariables/env", message: expect.any(String) }],
  ],
  ["a blank tag", { deployment: "hello/node", tags: ["a", " "] }, [{ path: "/tags/1", message: expect.any(String) }]],
  [
    "an unknown deployment",
    { deployment: "hello/nod" },
    [{ path: "/deployment", message: expect.stringMatching(/did you mean "hello\/node"/) }],
  ],
  [
    "an unknown work pool",
    { deployment: "hello/node", workPool: "locl" },
    [{ path: "/workPool", message: expect.stringMatching(/did you mean "local"/) }],
  ],
  [
    "a paused work pool",
    { deployment: "hello/node", workPool: "stopped" },
    [{ path: "/workPool", message: expect.stringMatching(/paused/) }],
  ],
  [
    "a body of wrong types",
    { deployment: 1, tags: "x", more: 1 },
    [
      { path: "/deployment", message: expect.any(String) },
      { path: "/tags", message: "must be a list of strings" },
      { path: "/more", message: expect.stringMatching(/is unknown/) },
    ],
  ],
])("%s is refused beside its field, and nothing is recorded", async (_, body, fields) => {
  const here = page();
  for (const path of ["/api/runs", "/api/runs/check"]) {
    const answer = await here.ask(path, { method: "POST", body });
    expect([answer.status, await answer.json()]).toEqual([422, { message: expect.any(String), exitCode: 2, fields }]);
  }
  expect(await here.ledger.list({})).toEqual([]);
});

test.each<[string, string, { method?: string; body?: unknown; headers?: Record<string, string> }, number, RegExp]>([
  ["no JSON", "/api/runs", { method: "POST", body: "{", headers: { "content-type": "application/json" } }, 422, /invalid JSON/],
  [
    "a form",
    "/api/runs",
    { method: "POST", body: "a=b", headers: { "content-type": "application/x-www-form-urlencoded" } },
    415,
    /must be JSON/,
  ],
  ["a list", "/api/runs", { method: "POST", body: [] }, 422, /must be a JSON object/],
  ["a huge body", "/api/runs", { method: "POST", body: { deployment: "x".repeat(5_000_000) } }, 413, /too large/],
  ["nested too deeply", "/api/runs", { method: "POST", body: `${'{"a":'.repeat(300)}1${"}".repeat(300)}` }, 422, /nested more than 200/],
  ["an unknown run", "/api/runs/nobody", {}, 404, /no run "nobody"/],
  ["a name of a run", "/api/runs/mine/cancel", { method: "POST" }, 404, /no run "mine"/],
  ["an unknown deployment", "/api/deployments/hello/nobody", {}, 404, /no deployment "hello\/nobody"/],
  ["an unknown pool", "/api/pools/nobody/pause", { method: "POST" }, 404, /no work pool "nobody"/],
  ["a pool that the program pauses", "/api/pools/stopped/resume", { method: "POST" }, 422, /paused in the Pulumi program .*pushpool up/],
  ["an unknown route", "/api/nothing", {}, 404, /no GET \/api\/nothing/],
  ["an unknown filter", "/api/runs?stat=RUNNING", {}, 422, /stat is unknown: did you mean "state"/],
  ["an unknown state", "/api/runs?state=RUNING", {}, 422, /state "RUNING" must be one of/],
  ["a time that is none", "/api/runs?since=yesterday", {}, 422, /since "yesterday" must be a time/],
  ["too many", "/api/runs?limit=201", {}, 422, /limit must be a whole number from 1 to 200/],
  ["a negative offset", "/api/runs?offset=-1", {}, 422, /offset must be/],
  ["an unknown anchor", "/api/runs?upTo=nobody", {}, 422, /no run "nobody"/],
  ["a log from nowhere", "/api/runs/nobody/logs?from=x", {}, 404, /no run/],
  [
    "10,000 ids",
    "/api/live/x",
    { method: "PUT", body: { ids: Array.from({ length: 10_000 }, String), filters: {}, newest: null } },
    422,
    /200 ids at most/,
  ],
  ["a session of nobody", "/api/live/x", { method: "PUT", body: { ids: [], filters: {}, newest: null } }, 404, /session has ended/],
  [
    "a wrong filter of a view",
    "/api/live/x",
    { method: "PUT", body: { ids: [], filters: { stat: 1 }, newest: null } },
    422,
    /stat is unknown/,
  ],
])("%s is refused with a message", async (_, path, request, status, message) => {
  const here = page();
  const answer = await here.ask(path, request);
  expect([answer.status, await answer.json()]).toEqual([status, expect.objectContaining({ message: expect.stringMatching(message) })]);
});

test("a run of another stack is shown, and nothing is done with it", async () => {
  const here = page();
  const { run } = await create(here, { deployment: "hello/node" });
  const record = await until(() => here.ledger.read(run.id));
  const other = { ...record, run: { ...record.run, id: "other", stack: "data/prod", version: 1 } };
  await here.ledger.createRun(other);
  expect(((await here.json<RunsPage>("/api/runs")) as unknown as RunsPage).runs.map(({ id }) => id)).toEqual([run.id]);
  expect(((await here.json("/api/runs?allStacks=true")) as unknown as RunsPage).total).toBe(2);
  expect(await here.json("/api/runs/other")).toMatchObject({ can: { cancel: false, retry: false, runAgain: false } });
  for (const what of ["cancel", "retry"]) {
    const answer = await here.ask(`/api/runs/other/${what}`, { method: "POST" });
    expect([answer.status, await answer.json()]).toEqual([
      409,
      expect.objectContaining({ message: expect.stringMatching(/belongs to stack data\/prod/) }),
    ]);
  }
  expect((await here.ledger.read("other"))?.run.state.type).toBe(other.run.state.type);
});

test("pages, totals and the strip of the last day", async () => {
  const here = page();
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.unshift((await create(here, { deployment: "hello/node", tags: [`t${n % 2}`] })).run.id);
  const get = (query: string) => here.json(`/api/runs?${query}`) as unknown as Promise<RunsPage>;
  const first = await get("limit=2");
  expect([first.runs.map(({ id }) => id), first.total, first.upTo]).toEqual([ids.slice(0, 2), 5, ids[0]]);
  await create(here, { deployment: "hello/node" });
  const later = await get(`limit=2&offset=2&upTo=${first.upTo}`);
  expect([later.runs.map(({ id }) => id), later.total]).toEqual([ids.slice(2, 4), 5]);
  expect((await get("tag=t0")).total).toBe(3);
  expect((await get("limit=1")).total).toBe(6);
  expect((await get("text=nobody")).upTo).toBeNull();
  const strip = (await here.json("/api/strip")) as unknown as Strip;
  expect(strip.buckets).toHaveLength(96);
  expect(strip.buckets.flatMap(({ counts }) => Object.values(counts)).reduce((a, b) => a + b)).toBe(6);
});

test("a deployment: its schedules with their next times, its schema, and what its pool takes", async () => {
  const here = page();
  const detail = (await here.json("/api/deployments/hello/node")) as unknown as DeploymentDetail;
  expect(detail).toMatchObject({
    paused: false,
    schedules: 2,
    from: "pulumi",
    defaults: { name: "Ada" },
    commands: { run: "pushpool run hello/node" },
  });
  expect(detail.scheduleList.map(({ description, active, next }) => [description, active, next.length])).toEqual([
    ["cron 0 7 * * * (Europe/Berlin)", true, 5],
    ["every 1 h 0 min", false, 0],
  ]);
  expect(detail.poolVariables.map(({ name }) => name)).toContain("working_dir");
  expect(await here.json("/api/deployments")).toMatchObject({
    deployments: [
      { name: "hello/lost", error: expect.stringMatching(/no work pool "locl"/) },
      { name: "hello/node" },
      { name: "hello/secret" },
    ],
  });
});

test("a pool paused on the page holds new runs until someone resumes it, and shows a refusal of its cloud until the next success", async () => {
  const here = page();
  const pool = async (name: string) => ((await here.json("/api/pools")) as unknown as PoolList).pools.find((one) => one.name === name);
  expect(await pool("stopped")).toMatchObject({
    paused: true,
    pausable: false,
    pausedBy: expect.stringMatching(/Pulumi program/),
    credentials: { kind: "secret", block: "secret/key" },
  });
  await here.ask("/api/pools/local/pause", { method: "POST" });
  expect(await pool("local")).toMatchObject({ paused: true, pausable: true, slots: { used: 0, limit: 2 } });
  const { run } = await create(here, { deployment: "hello/node" });
  const waiting = async () => ((await here.json(`/api/runs/${run.id}`)) as unknown as RunDetail).waitingFor;
  expect(await until(waiting)).toMatch(/work pool "local" is paused here: `pushpool pools resume local`/);
  expect(here.target.started).toEqual([]);

  const { UserError } = await import("../../src/userError.js");
  let refusing = true;
  here.target.beforeStart = async () => {
    if (refusing) throw new UserError("the cloud refuses it: grant it the role", 5);
  };
  await here.ask("/api/pools/local/resume", { method: "POST" });
  expect(await until(async () => (await pool("local"))?.lastError)).toMatchObject({ message: "the cloud refuses it: grant it the role" });
  refusing = false;
  await create(here, { deployment: "hello/node" });
  await until(async () => (await pool("local"))?.lastError === undefined);
  expect(await pool("local")).toMatchObject({
    paused: false,
    slots: { used: 1 },
    queues: [
      { name: "default", used: 1 },
      { name: "fast", priority: 1, used: 0 },
    ],
  });
});

test("a run that ended while nobody watched it has no slot in the list of pools", async () => {
  const here = page();
  const runs = await here.ui.stack.runs();
  const { run } = await runs.createRun({ deployment: "hello/node" });
  await runs.submitRun(run.id);
  const used = async () => ((await here.json("/api/pools")) as unknown as PoolList).pools[0]?.slots.used;
  expect(await used()).toBe(1);
  here.target.set(`${run.id}/1`, ended({ kind: "exited", code: 0 }));
  expect(await used()).toBe(0);
});

test("no answer contains a secret, on any route", async () => {
  const here = page();
  const { run } = await create(here, { deployment: "hello/secret" });
  await until(() => here.target.started.length === 1);
  here.target.set(infra(run), ended({ kind: "exited", code: 1 }));
  await until(async () => ((await here.json(`/api/runs/${run.id}`)) as unknown as RunDetail).state.type === "FAILED");
  const values: Record<string, string> = { id: run.id, flow: "hello", name: "secret", session: "none" };
  const routes = here.app.routes.filter(({ method, path }) => method !== "ALL" && path !== "*");
  expect(routes.length).toBeGreaterThan(15);
  for (const { method, path } of routes) {
    const filled = path.replaceAll(/:(\w+)/g, (_, name) => (path.startsWith("/api/pools") ? "local" : (values[name] ?? "")));
    const body =
      method === "GET" ? undefined : { deployment: "hello/secret", jobVariables: { env: { A: "{{ prefect.variables.token }}" } } };
    const answer = await here.ask(filled, { method, ...(body ? { body } : {}) });
    const text = answer.headers.get("content-type")?.startsWith("text/event-stream") ? await firstOf(answer) : await answer.text();
    for (const canary of Object.values(CANARIES)) expect([method, filled, text.includes(canary)]).toEqual([method, filled, false]);
    expect([method, filled, answer.status < 500]).toEqual([method, filled, true]);
  }
  expect(await (await here.ask(`/api/runs/${run.id}`)).text()).toContain("[secret]");
});

async function firstOf(answer: Response): Promise<string> {
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

test("only the files of the page are served, the page itself for its own addresses, with headers that lock it", async () => {
  const folder = join(scratch(), "web");
  mkdirSync(join(folder, "assets"), { recursive: true });
  writeFileSync(join(folder, "index.html"), "<!doctype html>the page");
  writeFileSync(join(folder, "assets", "main-abcd1234.js"), "1");
  writeFileSync(join(folder, "notes.md"), "not for browsers");
  symlinkSync("/etc/passwd", join(folder, "passwd.html"));
  const here = page({ files: listFiles(folder) });
  for (const path of [
    "/",
    "/runs/1",
    "/deployments/a/b/new",
    "/pools?x=1",
    "/notes.md",
    "/passwd.html",
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
  ]) {
    const answer = await here.ask(path);
    expect([path, answer.status, await answer.text()]).toEqual([path, 200, "<!doctype html>the page"]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  }
  const script = await here.ask("/assets/main-abcd1234.js");
  expect([script.headers.get("content-type"), script.headers.get("cache-control")]).toEqual([
    "text/javascript; charset=utf-8",
    "public, max-age=31536000, immutable",
  ]);
  for (const path of ["/assets/none.js", "/assets/..%2findex.html", "/assets/%00.js"])
    expect([path, (await here.ask(path)).status]).toEqual([path, 404]);
});

test("the token opens the page once: a cookie that no script reads, and an address without the token", async () => {
  const here = page();
  const answer = await here.app.request(`http://${HOST}/?state=RUNNING&token=the-token`, { headers: { host: HOST } });
  expect([answer.status, answer.headers.get("location"), answer.headers.get("set-cookie")]).toEqual([
    303,
    "/?state=RUNNING",
    "pushpool_4202=the-cookie; HttpOnly; SameSite=Strict; Path=/",
  ]);
  expect(await (await here.app.request(`http://${HOST}/`, { headers: { host: HOST } })).text()).toMatch(/pushpool ui/);
});

test("a stack without a manifest can be read, and says why nothing can be created", async () => {
  const here = page({ broken: "there is no manifest: run `pushpool up` here" });
  const problem = { message: "there is no manifest: run `pushpool up` here", exitCode: 2 };
  const info = { stack: "data/dev", version: "1.2.3", ledger: "/there/ledger.db" };
  expect(await here.json("/api/stack")).toEqual({ ...info, readOnly: problem.message });
  expect(await here.json("/api/runs")).toEqual({ runs: [], total: 0, upTo: null });
  expect(await here.json("/api/runs", { method: "POST", body: { deployment: "hello/node" } })).toEqual(problem);
  expect(await here.json("/api/pools")).toEqual(problem);
});
