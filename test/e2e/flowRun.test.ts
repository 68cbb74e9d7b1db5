import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { offlineStack } from "../../src/testing";
import { newSchema, sharedPostgres } from "../ledger/postgresServer";
import { scratch } from "../scratch";
import { flowRunStack } from "./flowRunStack";
import { listen } from "./pushpool";

// FlowRun with the built CLI and the offline engine: a program with a pool, a deployment and a run of it.

// Each test runs several programs, and each of them loads Pulumi.
vi.setConfig({ testTimeout: 180_000 });

const SECRET = "hunter2-very-secret";

test("created when it has COMPLETED; unchanged by a second `up`; replaced by another parameter; deleted", () => {
  const { write, go, up, runs, starts, pushpool } = flowRunStack();
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
  const { write, go, up, runs, starts, pushpool } = flowRunStack();
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
  const { write, go, up, runs, starts, start } = flowRunStack();
  write({});
  const first = start("up", "--engine", "offline");
  const said = listen(first);
  await expect.poll(starts).toHaveLength(1);
  const provider = Number(spawnSync("pgrep", ["-P", String(first.pid), "-f", "dynamic-provider"], { encoding: "utf8" }).stdout);
  expect(provider).toBeGreaterThan(0);
  first.kill("SIGKILL");
  await said.ended;
  // The provider ends with the `up` that started it; the run continues.
  await expect.poll(() => existsSync(`/proc/${provider}`)).toBe(false);
  const next = listen(start("up", "--engine", "offline"));
  await expect.poll(next.stderr).toMatch(/flow run \S+ \(\S+\) of hello\/prod is RUNNING/);
  go();
  expect(await next.ended).toBe(0);
  expect(next.stdout()).toMatch(/^state: "COMPLETED"$/m);
  expect([starts().length, runs().length]).toEqual([1, 1]);
  expect(up().result).toMatchObject({ changes: { same: 4 } });
});

test("`wait: false`, refresh, and destroy while it runs; refresh without a ledger keeps the known state", async () => {
  const { write, up, runs, starts, pushpool, home } = flowRunStack();
  write({ run: "wait: false" });
  const { result } = up();
  expect(["PENDING", "RUNNING"]).toContain(result?.outputs.state);
  await expect.poll(starts).toHaveLength(1);
  expect(pushpool("refresh", "--engine", "offline")).toMatchObject({ status: 0 });
  expect(up().result).toMatchObject({ outputs: { state: "RUNNING", runId: result?.outputs.runId } });

  expect(pushpool("destroy", "--yes")).toMatchObject({ status: 2, stderr: expect.stringMatching(/1 run .* in flight/) });
  const { status, stderr } = pushpool("destroy", "--yes", "--force");
  expect([status, stderr]).toEqual([0, expect.stringMatching(/- pulumi-nodejs:dynamic\/pushpool:FlowRun smoke/)]);
  expect(runs()).toMatchObject([{ state: { type: "CANCELLED" } }]);
  expect(() => process.kill(Number(starts()[0]), 0)).toThrow(/ESRCH/);

  const { result: again } = up();
  expect(again?.outputs.runId).not.toBe(result?.outputs.runId);
  await expect.poll(starts).toHaveLength(2);
  pushpool("cancel", again?.outputs.runId ?? "");
  for (const file of ["ledger.db", "ledger.db-wal", "ledger.db-shm"]) rmSync(join(home, file), { force: true });
  expect(pushpool("refresh", "--engine", "offline")).toMatchObject({ status: 0 });
  expect(up().result).toMatchObject({ changes: { same: 4 }, outputs: again?.outputs });
});

test("`timeout` fails `up` but not the run: the next one continues to watch it, and destroy stops it", async () => {
  const { write, go, up, starts, runs, pushpool } = flowRunStack();
  write({ run: `timeout: "200ms"` });
  const { status, stderr } = pushpool("up", "--engine", "offline");
  expect([status === 0, stderr]).toEqual([false, expect.stringMatching(/is still \w+ after 0\.2 s \(timeout\)\. It continues to run/)]);
  await expect.poll(starts).toHaveLength(1);
  expect(pushpool("destroy", "--yes", "--force")).toMatchObject({ status: 0 });
  expect(runs()).toMatchObject([{ state: { type: "CANCELLED" } }]);

  expect(pushpool("up", "--engine", "offline").status).not.toBe(0);
  await expect.poll(starts).toHaveLength(2);
  go();
  write({});
  expect(up().result).toMatchObject({ outputs: { state: "COMPLETED", exitCode: 0 } });
  expect([starts().length, up().result?.changes]).toEqual([2, { same: 4 }]);
});

test("secrets are in no file; a changed one is stored and starts no run", () => {
  const { write, up, starts, home } = flowRunStack();
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

test("tested with pushpool/testing, its run is stored with the stack, and nothing is written into the project", async () => {
  const { folder, write, go } = flowRunStack();
  go();
  write({});
  const home = scratch();
  const tested = offlineStack({ projectDir: folder, home });
  expect(await tested.up()).toMatchObject({ outputs: { state: "COMPLETED" } });
  expect(await tested.up()).toMatchObject({ unchanged: true });
  expect([existsSync(join(home, "ledger.db")), existsSync(join(folder, ".pushpool"))]).toEqual([true, false]);
});

test("mistakes are reported before anything is created", () => {
  const { write, up, home } = flowRunStack();
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

test("the ledger of a program: its FlowRun is recorded there, and the state has no password in clear", async () => {
  const { write, go, up, pushpool, home, runs } = flowRunStack();
  go();
  const url = Object.assign(new URL(await sharedPostgres()), { search: `schema=${newSchema()}` }).href;
  const ledger = `ledger: { url: ${JSON.stringify(url)} }`;
  write({ run: ledger, manifest: ledger });
  const { result } = up();
  expect(result).toMatchObject({ outputs: { state: "COMPLETED" } });
  expect(existsSync(join(home, "ledger.db"))).toBe(false);
  // The manifest names the same ledger from now on.
  expect(runs()).toMatchObject([{ id: result?.outputs.runId, state: { type: "COMPLETED" } }]);
  expect(up().result?.changes).toEqual({ same: 4 });
  const { password } = new URL(url);
  const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const withPassword = files.filter(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8").includes(password));
  expect(withPassword.map(({ name }) => name)).toEqual([]);
  expect(files.length).toBeGreaterThan(0);

  write({ run: 'triggers: ["2"]', manifest: ledger });
  const without = pushpool("up", "--engine", "offline");
  expect(without).toMatchObject({ status: 0 });
  expect(without.stdout + without.stderr).toMatch(/the manifest of this stack names a ledger, but FlowRun "smoke" does not/);
});
