import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { openPostgresLedger } from "../../src/ledger/postgres";
import type { LoadedManifest } from "../../src/manifest";
import type { Manifest } from "../../src/manifest/manifest";
import { type RunEvent, runsOver } from "../../src/runs";
import { openTarget } from "../../src/targets/open";
import { defaultTemplate } from "../../src/template";
import { newSchema, sharedPostgres } from "../ledger/postgresServer";
import { scratch } from "../scratch";
import { until } from "../until";
import { RUNNING, ScriptedTarget } from "./scriptedTarget";

// Two hosts on one machine: two homes, two names, one ledger.

let url: string;
beforeAll(async () => {
  url = await sharedPostgres();
}, 300_000);

const manifest: Manifest = {
  kind: "pushpool.dev/manifest",
  version: 1,
  source: { project: "data", stack: "dev" },
  pools: {
    local: { type: "process:push", baseJobTemplate: defaultTemplate("process:push") },
    cloud: { type: "ecs:push", baseJobTemplate: defaultTemplate("ecs:push") },
  },
  blocks: {},
  variables: {},
  deployments: {
    "hello/long": { command: "sh -c 'echo hello; sleep 600'", workPool: { name: "local" } },
    "hello/quick": { command: "true", workPool: { name: "local" } },
    "hello/cloud": { command: "true", workPool: { name: "cloud" } },
  },
};

/** Several hosts of one new ledger. Their cloud is a scripted target. */
function hosts() {
  const schema = newSchema();
  const cloud = new ScriptedTarget();
  const host = (name: string, { leaseSeconds, home = scratch() }: { leaseSeconds?: number; home?: string } = {}) => {
    const env = { PATH: process.env.PATH, PUSHPOOL_HOST: name };
    const warnings: string[] = [];
    const runs = runsOver({
      ledger: openPostgresLedger(url, { schema }),
      home,
      ...(leaseSeconds === undefined ? {} : { leaseSeconds }),
      stack: "data/dev",
      readManifest: async (): Promise<LoadedManifest> => ({ manifest, origin: "the test's manifest", stack: "data/dev" }),
      openTarget: async (type, access) => (type === "process:push" ? openTarget(type, { home, env, ...access }) : cloud),
      digestKey: () => Buffer.alloc(32, 7),
      env,
      warn: (message) => warnings.push(message),
    });
    onTestFinished(() => runs.close());
    return Object.assign(runs, { home, warnings });
  };
  return { host, cloud, schema };
}

test("a process run belongs to its host: others see it, do not call it lost, and say where it runs", async () => {
  const { host } = hosts();
  const [ann, bob] = [host("ann"), host("bob")];
  const { run } = await ann.createRun({ deployment: "hello/long" });
  const submitted = await ann.submitRun(run.id);
  expect(submitted).toMatchObject({ host: `ann:${ann.home}` });
  await until(async () => (await ann.listRuns())[0]?.state.type === "RUNNING");

  const seen = await bob.findRun(run.id);
  expect([bob.elsewhere(seen), ann.elsewhere(seen)]).toEqual(["ann", undefined]);
  expect(await bob.listRuns()).toMatchObject([{ state: { type: "RUNNING" }, host: `ann:${ann.home}` }]);
  expect((await bob.showRun(run.id)).run.state.type).toBe("RUNNING");
  expect(bob.warnings).toEqual([]);
  await expect(bob.readLogs(run.id, { onLine: () => {} })).rejects.toThrow(/the log of run .* is on host ann: `pushpool logs/);
  // Nobody there would act on a request.
  await expect(bob.cancelRun(run.id)).rejects.toMatchObject({
    exitCode: 5,
    message: expect.stringContaining("runs on host ann, and nobody"),
  });
  expect((await bob.showRun(run.id)).run.state.type).toBe("RUNNING");

  const events: RunEvent[] = [];
  const waited = await bob.followRun(run.id, { timeoutMs: 50, onEvent: (event) => events.push(event) });
  expect(waited.state.type).toBe("RUNNING");
  expect(events).toContainEqual(expect.objectContaining({ kind: "waiting", reason: expect.stringContaining("it runs on host ann:") }));
  expect(await ann.cancelRun(run.id, { graceSeconds: 1 })).toMatchObject({ state: { type: "CANCELLED" } });
});

test("a request to cancel from another host is carried out by whoever watches there", async () => {
  const { host } = hosts();
  const [ann, bob] = [host("ann"), host("bob")];
  const { run } = await ann.createRun({ deployment: "hello/long" });
  const watched = ann.followRun(run.id, { graceSeconds: 1 });
  await until(async () => (await bob.findRun(run.id)).state.type === "RUNNING");
  const events: RunEvent[] = [];
  const cancelled = bob.cancelRun(run.id, { onEvent: (event) => events.push(event) });
  expect((await watched).state.type).toBe("CANCELLED");
  expect((await cancelled).state.type).toBe("CANCELLED");
  expect(events).toContainEqual(
    expect.objectContaining({ kind: "waiting", reason: "it runs on host ann: whoever watches it there stops it" }),
  );
});

test("if one of two watchers ends, others still know that somebody watches", async () => {
  vi.useFakeTimers({ toFake: ["setInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  const { host } = hosts();
  const ann = host("ann");
  const [again, bob] = [host("ann", { home: ann.home }), host("bob")];
  const { run } = await ann.createRun({ deployment: "hello/long" });
  const first = new AbortController();
  const leaving = ann.followRun(run.id, { signal: first.signal });
  await until(async () => (await bob.findRun(run.id)).state.type === "RUNNING");
  const staying = again.followRun(run.id, { graceSeconds: 1 });
  await new Promise((done) => setTimeout(done, 300));
  first.abort();
  await leaving;
  await ann.close();
  await until(async () => {
    vi.advanceTimersByTime(10_000);
    await new Promise((done) => setTimeout(done, 200));
    return bob.cancelRun(run.id, { detach: true }).then(
      () => true,
      () => false,
    );
  });
  expect((await staying).state.type).toBe("CANCELLED");
});

test("two homes of one machine are two hosts for processes: neither reads the other's files", async () => {
  const { host } = hosts();
  const [one, other] = [host("ann"), host("ann")];
  const { run } = await one.createRun({ deployment: "hello/quick" });
  await one.submitRun(run.id);
  await other.listRuns();
  expect(other.elsewhere(await other.findRun(run.id))).toBe(`ann (${one.home})`);
  expect((await one.followRun(run.id)).state.type).toBe("COMPLETED");
  // A failed or ended run can be tried again anywhere.
  expect(await other.findRun(run.id)).toMatchObject({ state: { type: "COMPLETED" } });
});

test("a run that was not sent yet is anybody's, and a retry is of the host that submits it", async () => {
  const { host } = hosts();
  const [ann, bob] = [host("ann"), host("bob")];
  const { run } = await ann.createRun({ deployment: "hello/long" });
  expect(run.host).toBeUndefined();
  await ann.submitRun(run.id);
  await ann.cancelRun(run.id, { graceSeconds: 1 });
  await bob.retryRun(run.id);
  expect(await bob.submitRun(run.id)).toMatchObject({ attempt: 2, host: `bob:${bob.home}` });
  await bob.cancelRun(run.id, { graceSeconds: 1 });
});

test("a process that was stopped until its lease was over does not send what others have taken up", async () => {
  const { host, cloud, schema } = hosts();
  const child = spawn(process.execPath, [join(__dirname, "stopped.cjs"), url, schema], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said: string[] = [];
  createInterface(child.stdout).on("line", (line) => said.push(line));
  const id = await until(() => (said.includes("prepared") ? said[0] : undefined));
  child.kill("SIGSTOP");

  const bob = host("bob", { leaseSeconds: 2 });
  const events: RunEvent[] = [];
  const followed = bob.followRun(id, { onEvent: (event) => events.push(event) });
  await until(() => cloud.started.length === 1);
  // Until then the stopped one counted as alive.
  expect(events).toContainEqual(
    expect.objectContaining({ kind: "waiting", reason: expect.stringMatching(/^process \d+ on stopped is submitting it/) }),
  );
  cloud.set(`${id}/1`, RUNNING);
  child.stdin.write("go on\n");
  child.kill("SIGCONT");
  await until(() => said.some((line) => line.startsWith("now ")));
  expect(said).toEqual([id, "prepared", expect.stringMatching(`^now (PENDING|RUNNING) ${id}/1$`)]);
  cloud.set(`${id}/1`, { phase: "ended", outcome: { kind: "exited", code: 0 }, endedAt: new Date().toISOString() });
  expect((await followed).state.type).toBe("COMPLETED");
});

test("what a process of another host owns is its own as long as it renews its lease", async () => {
  const { schema, host } = hosts();
  const [mine, theirs] = [openPostgresLedger(url, { schema }), openPostgresLedger(url, { schema })].map((ledger) => {
    onTestFinished(() => ledger.close());
    return ledger.shared?.leases as NonNullable<typeof ledger.shared>["leases"];
  });
  await host("ann").listRuns();
  await mine?.begin("far/1/2/3", "far", 1);
  for (let n = 0; n < 8; n += 1) {
    await new Promise((done) => setTimeout(done, 200));
    expect(await mine?.renew("far/1/2/3")).toBe(true);
    expect(await theirs?.holds("far/1/2/3")).toBe(true);
  }
  await until(async () => !(await theirs?.holds("far/1/2/3")));
  // For good: it must begin another one.
  expect(await mine?.renew("far/1/2/3")).toBe(false);
});

test("a clock that is wrong by an hour changes nothing: times are the database's", async () => {
  const { host } = hosts();
  const ann = host("ann");
  const right = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: right + 3_600_000 });
  onTestFinished(() => void vi.useRealTimers());
  const { run } = await ann.createRun({ deployment: "hello/cloud" });
  await ann.submitRun(run.id);
  vi.useRealTimers();
  // What the infrastructure reports has its own times.
  const { transitions } = await ann.showRun(run.id);
  expect(transitions.map(({ name }) => name)).toEqual(["Scheduled", "Submitting", "InfrastructurePending"]);
  for (const at of [run.createdAt, ...transitions.map(({ timestamp }) => timestamp)])
    expect(Math.abs(Date.parse(at) - right)).toBeLessThan(1_800_000);
  // An id begins with its time, in milliseconds. Two hosts know the database's time as well as their connections are fast: not so well that
  // ids of the same moment are in order.
  const inId = Number.parseInt(run.id.replaceAll("-", "").slice(0, 12), 16);
  expect(Math.abs(inId - right)).toBeLessThan(1_800_000);
});
