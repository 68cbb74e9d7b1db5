import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { openSqliteLedger } from "../../../src/ledger";
import { parseExecutionName } from "../../../src/targets/cloudRun/cloudRunNames";
import type { Target } from "../../../src/targets/target";
import type { FakeGoogleCloud } from "../../../src/testing";
import { until } from "../../until";
import { allLines, ended, executions, jobOf, place, QUICK, ran, submit } from "./place";

// Reading states and logs within the quotas, on the fake.

/** A note that nineteen of twenty reads of the log are used; 1.5 s add one. */
const oneReadLeft = () => String(Date.now() + 19 * 1_500);

describe("quotas are shared by all processes of a ledger", () => {
  test("calls are spread out after Google's first refusal, and all succeed", async () => {
    const { google, open } = await place({ simulated: true, start: 60_000 });
    const targets = await Promise.all([1, 2, 3].map(() => open()));
    for (const target of targets) await submit(target, jobOf(google, "true"));
    google.plant({ on: "run.jobs.run", fault: { kind: "throttle" } });
    await submit(targets[0] as Target, jobOf(google, "true"));
    const begun = performance.now();
    await Promise.all(targets.flatMap((target) => [1, 2].map(() => submit(target, jobOf(google, "true")))));
    expect(executions(google)).toBe(10);
    // 180 a minute means one every third of a second; the first one has already waited for its turn.
    expect(performance.now() - begun).toBeGreaterThan(5 * 330);
  });

  test("waits for a quota that is used up", async () => {
    const { google, open } = await place({ quotas: { run: 4 }, quotaWindow: 1_500, simulated: true, start: 60_000 });
    const targets = await Promise.all([1, 2].map(() => open()));
    await Promise.all(targets.flatMap((target) => [1, 2, 3, 4].map(() => submit(target, jobOf(google, "true")))));
    expect(executions(google)).toBe(8);
  });

  test("the log is read only as often as Google allows, and no line is lost", async () => {
    const { google, open, ledgerPath } = await place();
    const target = await open();
    const id = await submit(target, jobOf(google, "echo one; echo two"));
    await ended(target, id);
    const notes = openSqliteLedger(ledgerPath);
    onTestFinished(() => notes.close());
    // Used up, by a clock that is ahead of ours: not full again for an hour.
    const none = String(Date.now() + 3_600_000);
    await notes.swapNote("cloud-run/bucket/logReads/acme", undefined, none);
    const before = ran(google, "logging.entries.list");
    expect(await (await open()).logs(id)).toMatchObject({ lines: [], complete: false });
    expect(ran(google, "logging.entries.list")).toBe(before);
    await notes.swapNote("cloud-run/bucket/logReads/acme", none, undefined);
    expect((await allLines(await open(), id)).map(({ text }) => text)).toEqual(["one", "two"]);
  });
});

describe("logs", () => {
  test("lines that enter the log late are not missed, and `complete` waits for them", async () => {
    const { google, open } = await place({ logDelay: 700, env: { ...QUICK, PUSHPOOL_CLOUD_RUN_LOG_DRAIN_SECONDS: "1.5" } });
    const target = await open();
    const id = await submit(target, jobOf(google, "echo one; echo two >&2; exit 1"));
    await ended(target, id);
    expect((await allLines(target, id)).map(({ stream, text }) => [stream, text])).toEqual([
      ["stdout", "one"],
      ["stderr", "two"],
    ]);
  });

  test("3,000 lines at once arrive completely, by pages, within the quota", async () => {
    const { google, open } = await place({ quotas: { logRead: 60 } });
    const target = await open();
    const id = await submit(target, jobOf(google, "i=0; while [ $i -lt 3000 ]; do echo line-$i; i=$((i+1)); done"));
    await ended(target, id);
    expect((await allLines(target, id)).map(({ text }) => text)).toEqual(Array.from({ length: 3000 }, (_, n) => `line-${n}`));
    expect(google.calls.filter(({ status }) => status === 429)).toEqual([]);
  });

  test("if the quota allows one page at a time, each reading continues where the last one stopped, also in another process", async () => {
    const { google, open, ledgerPath } = await place();
    const target = await open();
    const id = await submit(target, jobOf(google, "seq 1 2500"));
    await ended(target, id);
    const notes = openSqliteLedger(ledgerPath);
    onTestFinished(() => notes.close());
    const key = "cloud-run/bucket/logReads/acme";
    const lines: string[] = [];
    let cursor: string | undefined;
    for (let reads = 0; reads < 3; reads++) {
      await notes.swapNote(key, await notes.readNote(key), oneReadLeft());
      const page = await (await open()).logs(id, cursor);
      lines.push(...page.lines.map(({ text }) => text));
      cursor = page.cursor;
    }
    expect(lines).toEqual(Array.from({ length: 2500 }, (_, n) => String(n + 1)));
  });

  test("one query reads ten runs", async () => {
    const { google, open } = await place();
    const target = await open();
    const ids = await Promise.all(
      Array.from({ length: 10 }, (_, n) => submit(target, jobOf(google, "echo $N; sleep 600", { env: { N: String(n) } }))),
    );
    await until(() => google.world.log.entries.length === 10);
    const before = ran(google, "logging.entries.list");
    const pages = await Promise.all(ids.map((id) => target.logs(id)));
    expect(pages.map(({ lines }) => lines.map(({ text }) => text))).toEqual(ids.map((_, n) => [String(n)]));
    expect(ran(google, "logging.entries.list") - before).toBe(1);
  });

  test("a JSON line is shown as intended, and Cloud Run's own lines are not shown", async () => {
    const { google, open } = await place();
    const target = await open();
    const id = await submit(target, jobOf(google, `echo '{"level":"info","n":1}'`));
    await ended(target, id);
    expect((await allLines(target, id)).map(({ text }) => text)).toEqual(['{"level":"info","n":1}']);
    expect(google.world.log.entries.map(({ textPayload }) => textPayload)).toContain("Container called exit(0).");
  });
});

describe("output as Cloud Logging stores it", () => {
  test("a JSON line's severity, a traceback in one entry, a line in parts, and what the program writes through the API", async () => {
    const { google, open } = await place({ largestLogEntry: 1_000 });
    const target = await open();
    const script = [
      `echo '{"severity":"error","message":"boom","n":1}'`,
      `echo '{"severity":"WARNING","message":"hm"}'`,
      "printf 'Traceback (most recent call last):\\n  File \"x\", line 1\\nValueError: no\\n' >&2",
      "head -c 2500 /dev/zero | tr '\\0' x; echo",
    ].join("; ");
    const id = await submit(target, jobOf(google, script));
    const [, , , region, , job_name, , execution] = id.split("/");
    const written = await fetch(`${google.url}/v2/entries:write`, {
      method: "POST",
      headers: { authorization: `Bearer ${google.ownerToken()}` },
      body: JSON.stringify({
        logName: "projects/acme/logs/python",
        resource: { type: "cloud_run_job", labels: { project_id: "acme", location: region, job_name } },
        labels: { "run.googleapis.com/execution_name": execution },
        entries: [{ severity: "CRITICAL", jsonPayload: { message: "by the API" } }],
      }),
    });
    expect(written.status).toBe(200);
    await ended(target, id);
    const lines = (await allLines(target, id)).map(({ at: _, ...line }) => line);
    expect(lines).toHaveLength(7);
    expect(lines).toEqual(
      expect.arrayContaining([
        { stream: "stderr", severity: "ERROR", text: 'boom {"n":1}' },
        { stream: "stdout", severity: "WARNING", text: "hm" },
        { stream: "stdout", text: "x".repeat(2_500) },
        { stream: "stderr", severity: "CRITICAL", text: "by the API" },
      ]),
    );
    const traceback = ["Traceback (most recent call last):", '  File "x", line 1', "ValueError: no"];
    expect(lines.filter(({ stream, text }) => stream === "stderr" && traceback.includes(text)).map(({ text }) => text)).toEqual(traceback);
    const kept = google.world.log.entries;
    expect(kept.filter(({ split }) => split)).toHaveLength(3);
    expect(kept.map(({ textPayload }) => textPayload)).toContain(traceback.join("\n"));
  });
});

describe("entries that a program wrote through the Logging API, and that name no execution", () => {
  const write = async (google: FakeGoogleCloud, id: string, entries: object[]) => {
    const [, , , location, , job_name] = id.split("/");
    const { status } = await fetch(`${google.url}/v2/entries:write`, {
      method: "POST",
      headers: { authorization: `Bearer ${google.ownerToken()}` },
      body: JSON.stringify({
        logName: "projects/acme/logs/python",
        resource: { type: "cloud_run_job", labels: { project_id: "acme", location, job_name } },
        entries,
      }),
    });
    expect(status).toBe(200);
  };
  const texts = (lines: { text: string }[]) => lines.map(({ text }) => text);

  test("with one Job for many runs, each entry goes to the run that alone ran at its time", async () => {
    const { google, open, told } = await place({ simulated: true });
    const target = await open();
    const ids: string[] = [];
    for (const n of [1, 2]) {
      const id = await submit(target, jobOf(google, "true"));
      await until(async () => (await target.observe([id])).get(id)?.phase === "running");
      await write(google, id, [{ textPayload: `of run ${n}` }]);
      google.world.finish(id, { kind: "exited", code: 0 });
      await ended(target, id);
      ids.push(id);
      // Until an entry of the next run can no longer belong to this one.
      await sleep(2_100);
    }
    const [first = "", second = ""] = ids;
    expect(parseExecutionName(first).job).toBe(parseExecutionName(second).job);
    const before = ran(google, "run.executions.list");
    expect(texts(await allLines(target, first))).toEqual(["of run 1"]);
    expect(texts(await allLines(target, second))).toEqual(["of run 2"]);
    expect(ran(google, "run.executions.list") - before).toBeLessThanOrEqual(2);
    expect(told).toEqual([]);
  });

  test("if several ran they are not shown, and one line says how many and what to do; a label that names the run is enough", async () => {
    const { google, open, told } = await place({ simulated: true });
    const target = await open();
    const ids = await Promise.all([1, 2].map(() => submit(target, jobOf(google, "true"))));
    const [first = "", second = ""] = ids;
    await until(async () => [...(await target.observe(ids)).values()].every(({ phase }) => phase === "running"));
    await write(google, first, [{ textPayload: "whose?" }, { textPayload: "whose too?" }]);
    await write(google, first, [{ textPayload: "of the first", labels: { execution: parseExecutionName(first).execution } }]);
    for (const id of ids) google.world.finish(id, { kind: "exited", code: 0 });
    for (const id of ids) await ended(target, id);
    expect(texts(await allLines(target, first))).toEqual(["of the first"]);
    expect(texts(await allLines(target, second))).toEqual([]);
    expect(told).toEqual(
      ids.map(
        (id) =>
          `2 log entries that name no execution are not shown for execution ${parseExecutionName(id).execution}: several executions of its Job ran at that time. ` +
          "Give them the label run.googleapis.com/execution_name (google-cloud-logging for Python sets it from 3.11 on), or each run a Job of its own: job variable job_per_run",
      ),
    );
  });

  test("without the permission to list executions the other lines are shown, with one message", async () => {
    const { google, open, told } = await place({ simulated: true });
    const target = await open();
    const id = await submit(target, jobOf(google, "true"));
    await until(async () => (await target.observe([id])).get(id)?.phase === "running");
    await write(google, id, [{ textPayload: "mine" }]);
    google.world.finish(id, { kind: "exited", code: 0 });
    await ended(target, id);
    google.plant({
      on: "run.executions.list",
      fault: { kind: "refuse", code: "PERMISSION_DENIED", message: "Permission 'run.executions.list' denied on resource" },
      times: 5,
    });
    expect(texts(await allLines(target, id))).toEqual([]);
    expect(told).toEqual([expect.stringMatching(/^1 log entry that names no execution is not shown .*may not be listed/)]);
  });

  test("2,500 entries with one timestamp arrive completely, one page for each reading, also in other processes", async () => {
    const { google, open, ledgerPath } = await place({ simulated: true });
    const target = await open();
    const id = await submit(target, jobOf(google, "true"));
    await until(async () => (await target.observe([id])).get(id)?.phase === "running");
    const timestamp = new Date().toISOString().replace("Z", "123456Z");
    const labels = { "run.googleapis.com/execution_name": parseExecutionName(id).execution };
    await write(
      google,
      id,
      Array.from({ length: 2_500 }, (_, n) => ({ textPayload: String(n), timestamp, labels })),
    );
    google.world.finish(id, { kind: "exited", code: 0 });
    await ended(target, id);
    const notes = openSqliteLedger(ledgerPath);
    onTestFinished(() => notes.close());
    const key = "cloud-run/bucket/logReads/acme";
    const lines: string[] = [];
    let cursor: string | undefined;
    for (let reads = 0; reads < 3; reads++) {
      await notes.swapNote(key, await notes.readNote(key), oneReadLeft());
      const page = await (await open()).logs(id, cursor);
      lines.push(...texts(page.lines));
      cursor = page.cursor;
    }
    expect(lines.sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 2_500 }, (_, n) => String(n)));
  });
});

describe("watching many", () => {
  test("200 runs are observed by pages of the list, for all callers", async () => {
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
    const id = await submit(target, jobOf(google, "sleep 600"));
    google.plant({
      on: "run.executions.get",
      fault: { kind: "refuse", code: "NOT_FOUND", message: "Resource 'x' of kind 'EXECUTION' does not exist." },
    });
    expect((await target.observe([id])).get(id)).toMatchObject({ phase: "pending" });
    await target.stop(id, { reason: "test", graceSeconds: 1 });
    expect((await ended(target, id)).outcome.kind).toBe("cancelled");
  });
});
