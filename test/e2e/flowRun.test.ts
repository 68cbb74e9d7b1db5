import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { offlineStack } from "../../src/testing";
import { scratch } from "../scratch";
import { listen, type Place, place } from "./pushpool";

// FlowRun by the built CLI and the offline engine: a program with a pool, a deployment and a run of it, as a user has it.

// Several programs a test, each of which loads Pulumi.
vi.setConfig({ testTimeout: 180_000 });

const repo = join(__dirname, "..", "..");
const SECRET = "hunter2-very-secret";

interface Stack extends Place {
  /** What the program declares. `pool`, `run`: arguments, as they stand in the text. */
  write(program: { command?: string; pool?: string; run?: string } | "nothing"): void;
  up(): { status: number | null; stdout: string; stderr: string; result?: { changes: Record<string, number>; outputs: Outputs } };
  /** The run's command has been started so often. */
  starts(): string[];
  go(code?: number): void;
  runs(): { id: string; state: { type: string }; attempt: number }[];
}

type Outputs = { state: string; runId: string; exitCode?: number; startedAt?: string; endedAt?: string };

/** Waits for a file (or for the test's folder to go), and ends with the code that the file holds. */
const PATIENT = `sh -c 'echo $$ >> starts; while [ -e starts ] && [ ! -e go ]; do sleep 0.05; done; echo went with $(cat go); exit $(cat go)'`;

function stack(): Stack {
  const folder = join(scratch(), "infra");
  mkdirSync(join(folder, "node_modules", "@pulumi"), { recursive: true });
  symlinkSync(repo, join(folder, "node_modules", "pushpool"));
  symlinkSync(join(repo, "node_modules", "@pulumi", "pulumi"), join(folder, "node_modules", "@pulumi", "pulumi"));
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    "name: infra\nruntime: { name: nodejs, options: { typescript: false } }\nmain: program/index.js\n",
  );
  mkdirSync(join(folder, "program"));
  // No PUSHPOOL_HOME: the provider has to find the home by itself, from the program's folder.
  const made = place({ cwd: folder, env: { PUSHPOOL_HOME: "", PULUMI_CONFIG_PASSPHRASE: "x" } });
  const at = (file: string) => join(folder, file);
  const go = (code = 0) => writeFileSync(at("go"), String(code));
  const self: Stack = {
    ...made,
    folder,
    home: at(".pushpool"),
    write: (program) => writeFileSync(at("program/index.js"), program === "nothing" ? "" : textOf(program, folder)),
    up: () => {
      const ended = self.pushpool("up", "--engine", "offline", "--json");
      const result = ended.status === 0 ? { result: JSON.parse(ended.stdout.trim().split("\n").at(-1) ?? "").result } : {};
      return { ...ended, ...result };
    },
    starts: () => (existsSync(at("starts")) ? readFileSync(at("starts"), "utf8").trim().split("\n") : []),
    go,
    runs: () => JSON.parse(self.pushpool("ls", "--json").stdout).runs,
  };
  return self;
}

function textOf({ command = PATIENT, pool = "", run = "" }: { command?: string; pool?: string; run?: string }, folder: string): string {
  return `
const pulumi = require("@pulumi/pulumi");
const { Deployment, FlowRun, manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");
const pool = new ProcessPushPool("local", { ${pool || `jobVariables: { working_dir: ${JSON.stringify(folder)} }`} });
const hello = new Deployment("hello/prod", { workPoolName: pool.workPoolName, command: ${JSON.stringify(command)} });
const run = new FlowRun("smoke", { pool: pool.definition, deployment: hello.definition, ${run} });
exports.pushPools = manifest({ pools: [pool], deployments: [hello] });
for (const name of ["runId", "state", "exitCode", "startedAt", "endedAt"]) exports[name] = run[name];
`;
}

test("created when it has COMPLETED; unchanged by a second `up`; replaced by another parameter; deleted", () => {
  const { write, go, up, runs, starts, pushpool } = stack();
  go();
  write({ run: `parameters: { name: "Ada" }` });
  const preview = pushpool("preview", "--engine", "offline");
  expect([preview.status, preview.stderr]).toEqual([0, expect.stringMatching(/\+ pulumi-nodejs:dynamic\/pushpool:FlowRun smoke/)]);
  expect(starts()).toEqual([]);

  const { result: first, stderr } = up();
  expect(stderr).toBe("");
  expect(first).toMatchObject({
    changes: { create: 4 },
    outputs: { state: "COMPLETED", exitCode: 0, runId: expect.any(String), startedAt: expect.any(String), endedAt: expect.any(String) },
  });
  expect(runs()).toMatchObject([{ id: first?.outputs.runId, state: { type: "COMPLETED" } }]);
  expect(pushpool("logs", first?.outputs.runId ?? "").stdout).toBe("went with 0\n");
  expect(up().result).toMatchObject({ changes: { same: 4 }, outputs: first?.outputs });

  write({ run: `parameters: { name: "Grace" }` });
  const { result: second } = up();
  expect(second?.changes).toMatchObject({ same: 3, replace: 1 });
  expect(second?.outputs.runId).not.toBe(first?.outputs.runId);
  expect(starts()).toHaveLength(2);

  write("nothing");
  expect(up().result?.changes).toMatchObject({ delete: 3 });
  expect(runs().map(({ state }) => state.type)).toEqual(["COMPLETED", "COMPLETED"]);
});

test("a failing run fails `up` with its reason and its last lines; the next `up` is another attempt", () => {
  const { write, go, up, runs, starts, pushpool } = stack();
  go(3);
  write({});
  const { status, stderr: said } = pushpool("up", "--engine", "offline");
  expect(status).toBe(5);
  expect(said).toMatch(/flow run \S+ \(\S+\) of hello\/prod is FAILED: the command exited with code 3\./);
  expect(said).toContain("  went with 3");
  go(0);
  expect(up().result).toMatchObject({ outputs: { state: "COMPLETED", exitCode: 0 } });
  expect([starts().length, runs()]).toMatchObject([2, [{ attempt: 2 }]]);
});

test("`up` is killed in the middle: the next one adopts the run", async () => {
  const { write, go, up, runs, starts, start } = stack();
  write({});
  const first = start("up", "--engine", "offline");
  const said = listen(first);
  await expect.poll(starts, { timeout: 90_000 }).toHaveLength(1);
  // As with Pulumi, the provider that it had started lives on.
  const orphan = Number(spawnSync("pgrep", ["-P", String(first.pid), "-f", "dynamic-provider"], { encoding: "utf8" }).stdout);
  expect(orphan).toBeGreaterThan(0);
  onTestFinished(() => void process.kill(orphan, "SIGKILL"));
  first.kill("SIGKILL");
  await said.ended;
  const next = listen(start("up", "--engine", "offline"));
  await expect.poll(next.stderr, { timeout: 90_000 }).toMatch(/flow run \S+ \(\S+\) of hello\/prod is RUNNING/);
  go();
  expect(await next.ended).toBe(0);
  expect(next.stdout()).toMatch(/^state: "COMPLETED"$/m);
  expect([starts().length, runs().length]).toEqual([1, 1]);
  expect(up().result).toMatchObject({ changes: { same: 4 } });
});

test("`wait: false`, refresh, and destroy while it runs; refresh without a ledger keeps what is known", async () => {
  const { write, up, runs, starts, pushpool, home } = stack();
  write({ run: "wait: false" });
  const { result } = up();
  expect(["PENDING", "RUNNING"]).toContain(result?.outputs.state);
  await expect.poll(starts, { timeout: 90_000 }).toHaveLength(1);
  expect(pushpool("refresh", "--engine", "offline")).toMatchObject({ status: 0 });
  expect(up().result).toMatchObject({ outputs: { state: "RUNNING", runId: result?.outputs.runId } });

  expect(pushpool("destroy", "--yes")).toMatchObject({ status: 2, stderr: expect.stringMatching(/1 run .* in flight/) });
  const { status, stderr } = pushpool("destroy", "--yes", "--force");
  expect([status, stderr]).toEqual([0, expect.stringMatching(/- pulumi-nodejs:dynamic\/pushpool:FlowRun smoke/)]);
  expect(runs()).toMatchObject([{ state: { type: "CANCELLED" } }]);
  expect(() => process.kill(Number(starts()[0]), 0)).toThrow(/ESRCH/);

  const { result: again } = up();
  expect(again?.outputs.runId).not.toBe(result?.outputs.runId);
  await expect.poll(starts, { timeout: 90_000 }).toHaveLength(2);
  pushpool("cancel", again?.outputs.runId ?? "");
  for (const file of ["ledger.db", "ledger.db-wal", "ledger.db-shm"]) rmSync(join(home, file), { force: true });
  expect(pushpool("refresh", "--engine", "offline")).toMatchObject({ status: 0 });
  expect(up().result).toMatchObject({ changes: { same: 4 }, outputs: again?.outputs });
});

test("`timeout` fails `up` and not the run: the next one watches it further, and destroy stops it", async () => {
  const { write, go, up, starts, runs, pushpool } = stack();
  write({ run: `timeout: "200ms"` });
  const { status, stderr } = pushpool("up", "--engine", "offline");
  expect([status === 0, stderr]).toEqual([false, expect.stringMatching(/is still \w+ after 0\.2 s \(timeout\)\. It goes on/)]);
  await expect.poll(starts, { timeout: 90_000 }).toHaveLength(1);
  expect(pushpool("destroy", "--yes", "--force")).toMatchObject({ status: 0 });
  expect(runs()).toMatchObject([{ state: { type: "CANCELLED" } }]);

  expect(pushpool("up", "--engine", "offline").status).not.toBe(0);
  await expect.poll(starts, { timeout: 90_000 }).toHaveLength(2);
  go();
  write({});
  expect(up().result).toMatchObject({ outputs: { state: "COMPLETED", exitCode: 0 } });
  expect([starts().length, up().result?.changes]).toEqual([2, { same: 4 }]);
});

test("secrets are in no file; a changed one is stored and runs nothing", () => {
  const { write, up, starts, home } = stack();
  const program = (secret: string) => ({
    command: `sh -c 'echo $TOKEN $OTHER | wc -c >> starts'`,
    pool: `jobVariables: { env: { TOKEN: pulumi.secret("${secret}") }, working_dir: require("node:path").dirname(__dirname) }`,
    run: `jobVariables: { env: { OTHER: pulumi.secret("${SECRET}-2") } }, triggers: [pulumi.secret("${SECRET}-3")]`,
  });
  write(program(`${SECRET}-1`));
  expect(up().result).toMatchObject({ outputs: { state: "COMPLETED" } });
  expect(starts().map(Number)).toEqual([(SECRET.length + 2) * 2 + 2]);
  const text = () => readFileSync(join(home, "stacks", "infra", "dev.json"), "utf8") + readFileSync(join(home, "ledger.db"), "latin1");
  expect(text().includes(SECRET)).toBe(false);
  expect(up().result).toMatchObject({ changes: { same: 4 } });

  write(program(`${SECRET}-rotated`));
  expect(up().result).toMatchObject({ changes: { same: 2, update: 2 } });
  expect(text().includes(SECRET)).toBe(false);
  expect(starts()).toHaveLength(1);
});

test("tested with pushpool/testing, its run lies where the stack does, and nothing lands in the project", async () => {
  const { folder, write, go } = stack();
  go();
  write({});
  const home = scratch();
  const tested = offlineStack({ projectDir: folder, home });
  expect(await tested.up()).toMatchObject({ outputs: { state: "COMPLETED" } });
  expect(await tested.up()).toMatchObject({ unchanged: true });
  expect([existsSync(join(home, "ledger.db")), existsSync(join(folder, ".pushpool"))]).toEqual([true, false]);
});

test("what is wrong is said before anything is made", () => {
  const { write, up, home } = stack();
  const refusal = (run: string) => {
    write({ run });
    const { status, stderr } = up();
    expect(status).toBe(2);
    return JSON.parse(stderr).error.message as string;
  };
  expect(refusal(`jobVariables: { comand: "x" }, timeout: "soon"`)).toMatch(
    /FlowRun resource 'smoke' .*timeout "soon": must be a duration/,
  );
  expect(refusal(`jobVariables: { comand: "x" }`)).toMatch(/comand.*did you mean "command"/);
  expect(existsSync(join(home, "ledger.db"))).toBe(false);
});
