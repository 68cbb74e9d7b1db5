import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import { createCloudRunTarget } from "../../../src/targets/cloudRun";
import type { FakeGoogleCloudOptions } from "../../../src/testing";
import type { UserError } from "../../../src/userError";
import { recordedNotes } from "../cloud/memoryNotes";
import { allLines, ended, executions, jobOf, never, openerOf, place, QUICK, runOf, submit } from "./place";

// How runs start on Cloud Run, on the fake.

describe("one execution, whatever jobs.run returns", () => {
  test.each([
    ["the connection breaks after Google accepted", { kind: "reset", after: true }],
    ["the connection breaks before Google received it", { kind: "reset", after: false }],
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

  test("also if the list shows it late", async () => {
    const { google, open } = await place({ listLag: 300 });
    google.plant({ on: "run.jobs.run", fault: { kind: "reset", after: true } });
    await submit(await open(), jobOf(google, "true"));
    expect(executions(google)).toBe(1);
  });

  test("its claim is renewed before each try: while Google delays a request, no other process sends it too", async () => {
    const { google, pool } = await place();
    const { notes, written } = recordedNotes("cloud-run/send/");
    const target = await createCloudRunTarget({ env: QUICK, notes, digestKey: () => Buffer.alloc(0), pool: async () => pool });
    google.plant({ on: "run.jobs.run", fault: { kind: "throttle" }, times: 2 });
    await submit(target, jobOf(google, "true"));
    // The claim, three tries, and the execution.
    expect(written).toHaveLength(5);
  });

  test("a list that is late by more than the window would be believed: the window exists for that", async () => {
    const { google, open } = await place({ listLag: 600_000, env: { ...QUICK, PUSHPOOL_CLOUD_RUN_SETTLE_SECONDS: "0.1" } });
    google.plant({ on: "run.jobs.run", fault: { kind: "reset", after: true } });
    await submit(await open(), jobOf(google, "true"));
    expect(executions(google)).toBe(2);
  });

  test("a refusal is reported, leaves nothing behind, and can be repeated after the fix", async () => {
    const { google, open } = await place();
    const target = await open();
    const run = runOf(randomUUID());
    google.plant({ on: "run.jobs.run", fault: { kind: "refuse", code: "INVALID_ARGUMENT", message: "no such thing" } });
    await expect(submit(target, jobOf(google, "true"), run)).rejects.toMatchObject({
      name: "UserError",
      message: "submitting the run was refused by Google Cloud: no such thing",
      exitCode: 5,
    });
    expect(await target.find(run.id, 1)).toBeUndefined();
    await submit(target, jobOf(google, "true"), run);
    expect(executions(google)).toBe(1);
  });

  test("the notes were lost with the machine: the ledger says where to find what was sent", async () => {
    const { google, open, pool } = await place({ listLag: 200 });
    const target = await open();
    const run = runOf(randomUUID());
    const submission = target.plan(jobOf(google, "true"), run);
    const recorded = JSON.parse(JSON.stringify(submission)) as JsonObject;
    const after = openerOf({ ...pool, baseJobTemplate: {} });
    expect(await (await after.open()).find(run.id, 1, recorded)).toBeUndefined();
    const id = await target.submit(await target.prepare(submission, never), never);
    expect(await (await after.open()).find(run.id, 1, recorded)).toBe(id);
  });

  test("a deleted Job is created again", async () => {
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

  test("several processes that need it at once create one", async () => {
    const { google, open } = await place({ reconcile: 150 });
    const targets = await Promise.all([1, 2, 3].map(() => open()));
    await Promise.all(targets.map((target) => submit(target, jobOf(google, "true"))));
    expect([google.world.jobs.size, executions(google)]).toEqual([1, 3]);
  });

  test.each([
    [
      "an image that does not exist",
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
  ] as const)("%s is reported before anything runs, and no broken Job stays", async (_, options, over, message) => {
    const { google, open } = await place(options as FakeGoogleCloudOptions);
    const target = await open();
    const run = runOf(randomUUID());
    const refused = await submit(target, jobOf(google, "true", over), run).catch((error: UserError) => error);
    expect(refused).toMatchObject({ name: "UserError", exitCode: 5, message: expect.stringMatching(message) });
    expect([google.world.jobs.size, executions(google), await target.find(run.id, 1)]).toEqual([0, 0, undefined]);
  });

  test("an image that disappears later: the run never started, and why", async () => {
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

  test("max_retries works, and its default is 0", async () => {
    const { google, open } = await place();
    const target = await open();
    const attempts = async (maxRetries: number | null) => {
      const id = await submit(target, jobOf(google, "echo again; exit 9", { task: { maxRetries } }));
      expect((await ended(target, id)).outcome).toEqual({ kind: "exited", code: 9 });
      return (await allLines(target, id)).length;
    };
    expect([await attempts(2), await attempts(null)]).toEqual([3, 1]);
  });

  test("Job, execution and log have the labels; a Job has a run's own labels only if it is a Job per run", async () => {
    const { google, open } = await place();
    const target = await open();
    const id = await submit(target, jobOf(google, "echo hi", { labels: { "prefect.io/flow-run-id": "r1", team: "data" } }));
    await ended(target, id);
    const shared = {
      "managed-by": "pushpool",
      "pushpool-stack": expect.stringMatching(/^data-dev-/),
      "pushpool-work-pool": "etl",
      team: "data",
    };
    expect([...google.world.jobs.values()][0]?.labels).toEqual(shared);
    expect(google.world.executions.get(id)?.labels).toEqual(shared);
    expect(google.world.log.entries[0]?.labels).toMatchObject(shared);
  });
});

describe("a Job per run", () => {
  test("one execution from any machine: two ledgers without common notes", async () => {
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
