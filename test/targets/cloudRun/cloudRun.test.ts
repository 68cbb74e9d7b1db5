import { randomUUID } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import { openSqliteLedger } from "../../../src/ledger";
import type { InfrastructureId, LogLine, Observation, PoolAccess, Target } from "../../../src/targets/target";
import { type FakeGoogleCloud, type FakeGoogleCloudOptions, startFakeGoogleCloud } from "../../../src/testing";
import { UserError } from "../../../src/userError";
import { until } from "../../until";
import { jobOf, never, openerOf, poolOf, QUICK, runOf } from "./place";

// What only Cloud Run has, on the fake.

async function place({
  roles,
  pool: over,
  env = QUICK,
  ...options
}: FakeGoogleCloudOptions & { roles?: readonly string[]; pool?: Partial<PoolAccess>; env?: NodeJS.ProcessEnv } = {}) {
  const google = await startFakeGoogleCloud({ grace: 1_000, ...options });
  onTestFinished(() => google.stop());
  const key = google.serviceAccountKey("submitter", roles) as JsonObject;
  const pool = poolOf(google, key, over);
  return { google, key, pool, ...openerOf(pool, env) };
}

const ran = (google: FakeGoogleCloud, method: string) => google.calls.filter((call) => call.method === method).length;
const executions = (google: FakeGoogleCloud) => google.world.executions.size;

async function submit(target: Target, job: Parameters<Target["plan"]>[0], run = runOf(randomUUID())): Promise<InfrastructureId> {
  return target.submit(await target.prepare(target.plan(job, run), never), never);
}

async function ended(target: Target, id: InfrastructureId) {
  return until(async () => {
    const seen = (await target.observe([id])).get(id) as Observation;
    return seen.phase === "ended" && seen;
  });
}

async function allLines(target: Target, id: InfrastructureId): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  let cursor: string | undefined;
  await until(async () => {
    const page = await target.logs(id, cursor);
    lines.push(...page.lines);
    cursor = page.cursor;
    return page.complete;
  });
  return lines;
}

describe("one execution, whatever comes back of jobs.run", () => {
  test.each([
    ["the connection breaks after Google accepted", { kind: "reset", after: true }],
    ["the connection breaks before Google heard it", { kind: "reset", after: false }],
    ["503 after it was accepted", { kind: "unavailableAfter" }],
    ["503 and nothing was done", { kind: "unavailable" }],
    ["500", { kind: "internal" }],
    ["a proxy's 502", { kind: "badGateway" }],
    ["429", { kind: "throttle" }],
  ] as const)("%s", async (_, fault) => {
    const { google, open } = await place();
    const target = await open();
    google.plant({ on: "run.jobs.run", fault, times: 2 });
    const id = await submit(target, jobOf(google, "true"));
    expect([executions(google), (await ended(target, id)).outcome]).toEqual([1, { kind: "exited", code: 0 }]);
  });

  test("also where the list shows it late", async () => {
    const { google, open } = await place({ listLag: 300 });
    google.plant({ on: "run.jobs.run", fault: { kind: "reset", after: true } });
    await submit(await open(), jobOf(google, "true"));
    expect(executions(google)).toBe(1);
  });

  test("a list that lags longer than the window would be believed: that is what the window is for", async () => {
    const { google, open } = await place({ listLag: 3_000, env: { ...QUICK, PUSHPOOL_CLOUD_RUN_SETTLE_SECONDS: "0.1" } });
    google.plant({ on: "run.jobs.run", fault: { kind: "reset", after: true } });
    await submit(await open(), jobOf(google, "true"));
    expect(executions(google)).toBe(2);
  });

  test("a refusal is told, with nothing left behind, and can be repeated once it is put right", async () => {
    const { google, open } = await place();
    const target = await open();
    const run = runOf(randomUUID());
    google.plant({ on: "run.jobs.run", fault: { kind: "refuse", code: "INVALID_ARGUMENT", message: "no such thing" } });
    await expect(submit(target, jobOf(google, "true"), run)).rejects.toThrow(
      new UserError("submitting the run was refused by Google Cloud: no such thing", 5),
    );
    expect(await target.find(run.id, 1)).toBeUndefined();
    await submit(target, jobOf(google, "true"), run);
    expect(executions(google)).toBe(1);
  });

  test("someone deletes the Job: it is made again", async () => {
    const { google, open } = await place();
    await submit(await open(), jobOf(google, "true"));
    for (const name of [...google.world.jobs.keys()]) google.world.deleteJob(name);
    const target = await open();
    const id = await submit(target, jobOf(google, "true"));
    expect((await ended(target, id)).outcome).toEqual({ kind: "exited", code: 0 });
  });
});

describe("Jobs", () => {
  test("1,500 runs of one deployment: one Job, and one call each", async () => {
    const { google, open } = await place({ simulated: true, start: 60_000 });
    const target = await open();
    await submit(target, jobOf(google, "true"));
    google.calls.length = 0;
    let begun = 0;
    const some = async () => {
      while (begun < 1_499) {
        begun += 1;
        await submit(target, jobOf(google, "true", { env: { N: String(begun) } }));
      }
    };
    await Promise.all(Array.from({ length: 16 }, some));
    expect(google.world.jobs.size).toBe(1);
    expect(executions(google)).toBe(1_500);
    expect(new Set(google.calls.map(({ method }) => method))).toEqual(new Set(["run.jobs.run"]));
  });

  test("several processes that need it at once make one", async () => {
    const { google, open } = await place({ reconcile: 150 });
    const targets = await Promise.all([1, 2, 3].map(() => open()));
    await Promise.all(targets.map((target) => submit(target, jobOf(google, "true"))));
    expect([google.world.jobs.size, executions(google)]).toEqual([1, 3]);
  });

  test.each([
    [
      "an image that is not there",
      { images: { "acme/etl:1": { access: "missing" } } },
      {},
      /Cloud Run cannot run this job: Image 'acme\/etl:1' not found\. \(CONTAINER_MISSING\)/,
    ],
    [
      "an image that it may not read",
      { images: { "acme/etl:1": { access: "denied" } } },
      {},
      /must have permission to read the image.*\(CONTAINER_PERMISSION_DENIED\)/,
    ],
    [
      "a secret that it may not read",
      { secrets: { s: { 1: "x" } } },
      { env_from_secrets: { T: { secret: "s", version: "1" } } },
      /Permission denied on secret: .*\(SECRETS_ACCESS_CHECK_FAILED\)/,
    ],
  ] as const)("%s is told before anything runs, and no broken Job is left", async (_, options, over, message) => {
    const { google, open } = await place(options as FakeGoogleCloudOptions);
    const target = await open();
    const run = runOf(randomUUID());
    const refused = await submit(target, jobOf(google, "true", over), run).catch((error: UserError) => error);
    expect(refused).toMatchObject({ name: "UserError", exitCode: 5, message: expect.stringMatching(message) });
    expect([google.world.jobs.size, executions(google), await target.find(run.id, 1)]).toEqual([0, 0, undefined]);
  });

  test("an image that goes away afterwards: the run never started, and why", async () => {
    const { google, open } = await place();
    const target = await open();
    await submit(target, jobOf(google, "true"));
    google.world.images.set("acme/etl:1", { access: "missing" });
    const id = await submit(target, jobOf(google, "true"));
    expect((await ended(target, id)).outcome).toEqual({
      kind: "failedToStart",
      reason: "Image 'acme/etl:1' not found. (CONTAINER_MISSING)",
    });
  });

  test("max_retries is honoured, and 0 is the default", async () => {
    const { google, open } = await place();
    const target = await open();
    const attempts = async (maxRetries: number | null) => {
      const id = await submit(target, jobOf(google, "echo again; exit 9", { task: { maxRetries } }));
      expect((await ended(target, id)).outcome).toEqual({ kind: "exited", code: 9 });
      return (await allLines(target, id)).length;
    };
    expect([await attempts(2), await attempts(null)]).toEqual([3, 1]);
  });

  test("labels stand on Job, execution and log; a run's own only on a Job of its own", async () => {
    const { google, open } = await place();
    const target = await open();
    const id = await submit(target, jobOf(google, "echo hi", { labels: { "prefect.io/flow-run-id": "r1", team: "data" } }));
    await ended(target, id);
    const shared = { "managed-by": "pushpool", "pushpool-work-pool": "etl", team: "data" };
    expect([...google.world.jobs.values()][0]?.labels).toEqual(shared);
    expect(google.world.executions.get(id)?.labels).toEqual(shared);
    expect(google.world.log.entries[0]?.labels).toMatchObject(shared);
  });
});

describe("a Job per run", () => {
  test("one execution from any machine: two ledgers that know nothing of each other", async () => {
    const { google, pool, open } = await place();
    const run = runOf(randomUUID());
    const job = jobOf(google, "echo once; exit 4", { job_per_run: true });
    const elsewhere = openerOf(pool);
    const ids = await Promise.all([submit(await open(), job, run), submit(await elsewhere.open(), job, run)]);
    expect(new Set(ids).size).toBe(1);
    const id = ids[0] as string;
    const end = await ended(await open(), id);
    expect([executions(google), end.outcome]).toEqual([1, { kind: "exited", code: 4 }]);
    const target = await open();
    const lines = await allLines(target, id);
    await target.cleanup(id);
    expect(google.world.jobs.size).toBe(0);
    expect([await ended(await open(), id), await allLines(await open(), id)]).toEqual([end, lines]);
  });

  test("keep_job keeps it", async () => {
    const { google, open } = await place();
    const target = await open();
    const id = await submit(target, jobOf(google, "true", { job_per_run: true, keep_job: true }));
    await ended(target, id);
    await target.cleanup(id);
    expect(google.world.jobs.size).toBe(1);
  });
});

describe("credentials and permissions", () => {
  const young = (pool: PoolAccess): PoolAccess => ({
    ...pool,
    credentials: { ...pool.credentials, createdAt: new Date().toISOString() } as NonNullable<PoolAccess["credentials"]>,
  });

  test.each([
    ["a key", { keyDelay: 600 }],
    ["roles", { bindingDelay: 600 }],
  ])("%s that takes effect late: waited for while the block is young, and said so once", async (_, options) => {
    const { google, pool } = await place(options);
    const { open, told } = openerOf(young(pool));
    const target = await open();
    const id = await submit(target, jobOf(google, "true"));
    expect((await ended(target, id)).outcome).toEqual({ kind: "exited", code: 0 });
    expect(told).toEqual([expect.stringMatching(/^the credentials of work pool "etl" are new/)]);
  });

  test("an old key that Google does not know is refused at once", async () => {
    const { google, open } = await place({ keyDelay: 600_000 });
    await expect(submit(await open(), jobOf(google, "true"))).rejects.toThrow(
      /^making the job: Google does not accept the credentials of submitter@acme\.iam\.gserviceaccount\.com: Request had invalid authentication credentials/,
    );
    expect(google.calls).toHaveLength(1);
  });

  test("a deleted key", async () => {
    const { google, key, open } = await place();
    google.world.iam.keys.delete(String(key.private_key_id));
    await expect(submit(await open(), jobOf(google, "true"))).rejects.toThrow(/does not accept the credentials/);
  });

  test.each([
    ["to make jobs", ["roles/run.viewer"], /making the job is not allowed to submitter@.*'run\.jobs\.create' denied/],
    [
      "to override",
      ["roles/run.viewer", "roles/run.invoker", "projects/acme/roles/maker"],
      /submitting the run is not allowed .*'run\.jobs\.runWithOverrides' denied/,
    ],
  ])("no permission %s is told by its name", async (_, roles, message) => {
    const { google, open } = await place({ roles });
    google.world.iam.roles.set("projects/acme/roles/maker", ["run.jobs.create"]);
    await expect(submit(await open(), jobOf(google, "true"))).rejects.toThrow(message);
    expect(executions(google)).toBe(0);
  });

  test("no permission to act as the run's service account", async () => {
    const { google, open } = await place();
    google.world.iam.bindings = google.world.iam.bindings.filter(({ resource }) => !resource.startsWith("serviceAccounts/"));
    await expect(submit(await open(), jobOf(google, "true"))).rejects.toThrow(
      /'iam\.serviceaccounts\.actAs' denied on service account flow-runtime@/,
    );
  });

  test("a key of another project is told as one", async () => {
    const { google, pool } = await place();
    const data = { ...pool.credentials?.data, project: "elsewhere" };
    const { open } = openerOf({ ...pool, credentials: { block: "gcp-credentials/etl", data } });
    await expect(submit(await open(), jobOf(google, "true"))).rejects.toThrow(
      /the key is of project "acme", the work pool's runs go to "elsewhere"/,
    );
  });

  test("an API that is not switched on", async () => {
    const { google, open } = await place({ services: ["logging.googleapis.com"] });
    await expect(submit(await open(), jobOf(google, "true"))).rejects.toThrow(
      /^making the job: the API is disabled in project "acme": Cloud Run Admin API has not been used/,
    );
  });

  test("exactly the permissions that pushpool's guide names are enough, for everything", async () => {
    const { google, open } = await place({ roles: ["projects/acme/roles/pushpool"] });
    google.world.iam.roles.set("projects/acme/roles/pushpool", [
      "run.jobs.create",
      "run.jobs.get",
      "run.jobs.delete",
      "run.jobs.run",
      "run.jobs.runWithOverrides",
      "run.executions.get",
      "run.executions.list",
      "run.executions.cancel",
      "run.tasks.list",
      "logging.logEntries.list",
    ]);
    const target = await open();
    const id = await submit(target, jobOf(google, "echo up; sleep 60"));
    await until(async () => (await target.logs(id)).lines.length > 0);
    await target.stop(id, { reason: "test", graceSeconds: 1 });
    expect((await ended(target, id)).outcome).toEqual({ kind: "cancelled", by: "us" });
  });

  test.each<[string, PoolAccess["endpoints"], RegExp]>([
    ["a service it does not use", { ecs: "http://x" }, /pools\.etl\.endpoints\.ecs: a cloud-run-v2:push pool uses run and logging only/],
    ["no URL", { run: "localhost" }, /pools\.etl\.endpoints\.run: "localhost" is no URL/],
    ["a path", { run: "https://x/y" }, /endpoints\.run: must be a host and no more/],
  ])("endpoints: %s", async (_, endpoints, message) => {
    await expect(place({ pool: { endpoints } }).then(({ open }) => open())).rejects.toThrow(message);
  });

  test.each<[string, JsonObject | string, RegExp]>([
    ["no JSON", "{", /service_account_info: is no JSON/],
    ["no key", { type: "authorized_user" }, /must be a service account's key with client_email and private_key/],
    ["no PEM", { client_email: "a@b", private_key: "MIIE-secret" }, /private_key: is no private key in PEM form$/],
  ])("a block that is %s, without showing it", async (_, info, message) => {
    const { pool } = await place();
    const { open } = openerOf({ ...pool, credentials: { block: "gcp-credentials/etl", data: { service_account_info: info } } });
    const refused = await open().catch((error: Error) => error);
    expect(refused).toMatchObject({ name: "UserError", message: expect.stringMatching(message) });
    expect(String((refused as Error).message)).not.toContain("MIIE-secret");
  });
});

describe("quotas are shared by all processes of a ledger", () => {
  test("calls are spread out after Google's first refusal, and all get through", async () => {
    const { google, open } = await place({ quotas: { run: 4 }, quotaWindow: 400, simulated: true, start: 60_000 });
    const targets = await Promise.all([1, 2, 3].map(() => open()));
    await Promise.all(targets.flatMap((target) => [1, 2, 3, 4].map(() => submit(target, jobOf(google, "true")))));
    expect(executions(google)).toBe(12);
    expect(google.calls.some(({ status }) => status === 429)).toBe(true);
  });

  test("the log is read no oftener than Google allows, and nothing is lost by it", async () => {
    const { google, open, ledgerPath } = await place();
    const target = await open();
    const id = await submit(target, jobOf(google, "echo one; echo two"));
    await ended(target, id);
    const notes = openSqliteLedger(ledgerPath);
    onTestFinished(() => notes.close());
    await notes.swapNote("cloud-run/log-reads/acme", undefined, JSON.stringify({ left: 0, at: Date.now() }));
    const before = ran(google, "logging.entries.list");
    expect(await (await open()).logs(id)).toMatchObject({ lines: [], complete: false });
    expect(ran(google, "logging.entries.list")).toBe(before);
    expect((await allLines(await open(), id)).map(({ text }) => text)).toEqual(["one", "two"]);
  });
});

describe("logs", () => {
  test("lines that get into the log late are not missed, and `complete` waits for them", async () => {
    const { google, open } = await place({ logDelay: 700, env: { ...QUICK, PUSHPOOL_CLOUD_RUN_LOG_DRAIN_SECONDS: "1.5" } });
    const target = await open();
    const id = await submit(target, jobOf(google, "echo one; echo two >&2; exit 1"));
    await ended(target, id);
    expect((await target.logs(id)).complete).toBe(false);
    expect((await allLines(target, id)).map(({ stream, text }) => [stream, text])).toEqual([
      ["stdout", "one"],
      ["stderr", "two"],
    ]);
  });

  test("3,000 lines at once come whole, by pages", async () => {
    const { google, open } = await place();
    const target = await open();
    const id = await submit(target, jobOf(google, "i=0; while [ $i -lt 3000 ]; do echo line-$i; i=$((i+1)); done"));
    await ended(target, id);
    expect((await allLines(target, id)).map(({ text }) => text)).toEqual(Array.from({ length: 3000 }, (_, n) => `line-${n}`));
  });

  test("ten runs are read by one query", async () => {
    const { google, open } = await place();
    const target = await open();
    const ids = await Promise.all(
      Array.from({ length: 10 }, (_, n) => submit(target, jobOf(google, "echo $N; sleep 60", { env: { N: String(n) } }))),
    );
    await until(() => google.world.log.entries.length === 10);
    const before = ran(google, "logging.entries.list");
    const pages = await Promise.all(ids.map((id) => target.logs(id)));
    expect(pages.map(({ lines }) => lines.map(({ text }) => text))).toEqual(ids.map((_, n) => [String(n)]));
    expect(ran(google, "logging.entries.list") - before).toBe(1);
  });

  test("a JSON line comes as it was meant, Cloud Run's own lines do not come", async () => {
    const { google, open } = await place();
    const target = await open();
    const id = await submit(target, jobOf(google, `echo '{"level":"info","n":1}'`));
    await ended(target, id);
    expect((await allLines(target, id)).map(({ text }) => text)).toEqual(['{"level":"info","n":1}']);
    expect(google.world.log.entries.map(({ textPayload }) => textPayload)).toContain("Container called exit(0).");
  });
});

describe("watching many", () => {
  test("200 runs are observed by pages of the list, whoever asks", async () => {
    const { google, open } = await place({ simulated: true });
    const target = await open();
    const ids = await Promise.all(Array.from({ length: 200 }, () => submit(target, jobOf(google, "true"))));
    await until(() => [...google.world.executions.values()].every(({ startTime }) => startTime !== undefined));
    google.calls.length = 0;
    const seen = await Promise.all(ids.map((id) => target.observe([id])));
    expect(seen.every((each, n) => each.get(ids[n] as string)?.phase === "running")).toBe(true);
    expect(google.calls.length).toBeLessThanOrEqual(3);
  });

  test("an execution that Google does not show at first is pending, not lost", async () => {
    const { google, open } = await place({ env: { ...QUICK, PUSHPOOL_CLOUD_RUN_SETTLE_SECONDS: "5" } });
    const target = await open();
    const id = await submit(target, jobOf(google, "sleep 60"));
    google.plant({
      on: "run.executions.get",
      fault: { kind: "refuse", code: "NOT_FOUND", message: "Resource 'x' of kind 'EXECUTION' does not exist." },
    });
    expect((await target.observe([id])).get(id)).toMatchObject({ phase: "pending" });
    await target.stop(id, { reason: "test", graceSeconds: 1 });
    expect((await ended(target, id)).outcome.kind).toBe("cancelled");
  });
});
