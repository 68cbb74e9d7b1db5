import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Run } from "../../src/runs";
import { scratch } from "../scratch";
import { until } from "../until";
import { listen, manifestOf, type Place, placeWith } from "./pushpool";

vi.setConfig({ testTimeout: 300_000 });

const root = join(__dirname, "..", "..");

interface Serve {
  child: ChildProcess;
  /** Its log so far, one object a line. */
  log(): Record<string, unknown>[];
  stderr(): string;
  ended: Promise<number | null>;
}

function serve(at: Place, ...args: string[]): Serve {
  const child = at.start("serve", "--port", "0", ...args);
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const { stdout, stderr, ended } = listen(child);
  const log = () =>
    stdout()
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { child, log, stderr, ended };
}

const logged = ({ log, stderr, child }: Serve, message: string) =>
  until(() => {
    if (child.exitCode !== null && !log().some(({ msg }) => msg === message)) throw new Error(`it ended: ${stderr()}`);
    return log().find(({ msg }) => msg === message);
  });

const runsOf = (at: Place, ...args: string[]) =>
  (JSON.parse(at.pushpool("ls", "--json", "--limit", "1000", ...args).stdout) as { runs: Run[] }).runs;

const dueOf = ({ idempotencyKey = "" }: Run) => Date.parse(idempotencyKey.split(" ").at(-1) as string);

test("without a Prefect API it runs schedules: killed and taken up, and by two at a time, each second has one run, which runs once", async () => {
  const everySecond = { schedule: { interval: 1, anchor_date: "2026-01-01T00:00:00Z" }, active: true, parameters: { name: "Ada" } };
  const file = join(scratch(), "ran.txt");
  const command = `sh -c 'echo $PUSHPOOL_FLOW_RUN_ID >> ${file}; sleep 2'`;
  const at = placeWith(
    manifestOf({}, { deployments: { "tick/second": { command, workPool: { name: "local" }, schedules: [everySecond] } } }),
  );
  const ran = () => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);

  const first = serve(at);
  const { endpoint } = await logged(first, "serving");
  await logged(first, "ended");
  const health = await fetch(`${endpoint}/health`);
  expect([health.status, await health.json()]).toEqual([
    200,
    expect.objectContaining({ healthy: true, stack: "data/dev", workPools: ["local"] }),
  ]);
  const metrics = await (await fetch(`${endpoint}/metrics`)).text();
  expect(metrics).toMatch(/pushpool_flow_runs_ended_total\{work_pool="local",state="COMPLETED"\} [1-9]/);
  expect(metrics).not.toContain("pushpool_api_requests_total");
  first.child.kill("SIGKILL");
  await first.ended;
  const before = ran().length;

  // Also on a machine that is so busy that this takes more than a minute.
  const both = [serve(at, "--missed", "all"), serve(at, "--missed", "all")];
  await until(() => ran().length >= before + 5);
  for (const one of both) {
    one.child.kill("SIGTERM");
    expect(await one.ended).toBe(0);
    expect(one.log().at(-1)).toMatchObject({ msg: "ended" });
  }
  for (const { id } of runsOf(at)) expect(at.pushpool("wait", id).status).toBe(0);

  const runs = runsOf(at);
  const times = runs.map(dueOf).sort((a, b) => a - b);
  const [from = 0] = times;
  expect(times).toEqual(times.map((_, index) => from + index * 1000));
  expect(ran().sort()).toEqual(runs.map(({ id }) => id).sort());
  expect(runs[0]).toMatchObject({ deployment: "tick/second", parameters: { name: "Ada" }, tags: ["auto-scheduled"] });
});

test("it submits waiting runs, as many at a time as the work pool allows, and stops cancelled ones", async () => {
  const at = placeWith(manifestOf({ "hello/quick": "true", "hello/long": "sleep 600" }, { pool: { concurrencyLimit: 1 } }));
  const detached = (name: string) => at.pushpool("run", name, "--detach").stdout.trim();
  const long = detached("hello/long");
  const waiting = [detached("hello/quick"), detached("hello/quick"), detached("hello/quick")];
  const dispatcher = serve(at, "--grace", "1s");
  await logged(dispatcher, "taken up");
  expect(
    runsOf(at, "--state", "SCHEDULED")
      .map(({ id }) => id)
      .sort(),
  ).toEqual(waiting.sort());
  expect(at.pushpool("cancel", long, "--detach").status).toBe(0);
  await until(() => waiting.every((id) => dispatcher.log().some((line) => line.flowRun === id && line.state === "COMPLETED")));
  await until(() => dispatcher.log().some((line) => line.flowRun === long && line.state === "CANCELLED"));
  dispatcher.child.kill("SIGTERM");
  expect(await dispatcher.ended).toBe(0);
});

test("replaced by another version while it serves, it says so and ends; the next one continues", async () => {
  const at = placeWith(manifestOf({ "hello/quick": "true" }));
  const installed = join(scratch(), "pushpool");
  for (const part of ["bin", "lib/cli", "lib/cli.cjs", "package.json"])
    cpSync(join(root, part), join(installed, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(installed, "node_modules"));
  const bin = join(installed, "bin", "pushpool.cjs");
  const start = (...args: string[]) => spawn(process.execPath, [bin, ...args], { cwd: at.folder, env: at.env });
  const replaced = serve({ ...at, start });
  await logged(replaced, "serving");
  renameSync(join(installed, "lib"), join(installed, "former-lib"));
  const run = at.pushpool("run", "hello/quick", "--detach").stdout.trim();
  expect([await replaced.ended, replaced.stderr()]).toEqual([
    5,
    "pushpool: the files of this pushpool were replaced or moved while it ran, probably by an upgrade. Start it again: it continues what is unfinished\n",
  ]);
  const next = serve(at);
  await until(() => next.log().some((line) => line.flowRun === run && line.state === "COMPLETED"));
});

test("refuses what it cannot serve before it begins", () => {
  const at = placeWith(manifestOf({ "hello/quick": "true" }));
  for (const [args, message] of [
    [["--pool", "locl"], /--pool "locl": .* has no such work pool/],
    [["--missed", "some"], /--missed "some": must be one of skip, last, all/],
  ] as const) {
    const { status, stderr } = at.pushpool("serve", "--port", "0", ...args);
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
  }
});

test("--host 0.0.0.0 warns that everyone can read the endpoint; by default there is no warning", async () => {
  const at = placeWith(manifestOf({}));
  const warned = ({ log }: Serve) => log().filter(({ level }) => level === 40);
  const open = serve(at, "--host", "0.0.0.0", "--allow-host", "etl.internal");
  await logged(open, "serving");
  expect(warned(open)).toEqual([
    expect.objectContaining({ msg: expect.stringMatching(/^--host 0\.0\.0\.0: everyone who can reach this machine can read \/health/) }),
  ]);
  const closed = serve(at);
  await logged(closed, "serving");
  expect(warned(closed)).toEqual([]);
  for (const args of [
    ["--host", ""],
    ["--allow-host", "a b"],
    ["--allow-host", "etl:4201"],
  ]) {
    const { status, stdout, stderr } = at.pushpool("serve", "--port", "0", ...args);
    expect([status, stdout, stderr]).toEqual([2, "", expect.stringContaining(args[0] as string)]);
  }
});
