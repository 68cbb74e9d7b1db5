import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listen, manifestOf, type Place, placeWith } from "./pushpool";

// The CLI is killed with -9, and the next command takes the run up: one process, the right end.

/** Waits for a file and then ends with 3; counts its starts. */
const command = `sh -c 'echo $$ >> starts; while [ ! -e go ]; do sleep 0.1; done; echo went; exit 3'`;

const TREE = `sh -c 'sleep 300 & sleep 300 & echo up; wait'`;

function patient(): Place & { starts(): string[]; go(): void } {
  const here = placeWith(manifestOf({}));
  const inFolder = { command, workPool: { name: "local", jobVariables: { working_dir: here.folder } } };
  writeFileSync(
    here.env.PUSHPOOL_MANIFEST ?? "",
    JSON.stringify(manifestOf({ "hello/tree": TREE }, { deployments: { "hello/patient": inFolder } })),
  );
  return {
    ...here,
    starts: () => (existsSync(join(here.folder, "starts")) ? readFileSync(join(here.folder, "starts"), "utf8").trim().split("\n") : []),
    go: () => writeFileSync(join(here.folder, "go"), ""),
  };
}

test("kill -9 of the CLI while the run continues, and back", async () => {
  const here = patient();
  const child = here.start("run", "hello/patient", "--flow-run-name", "fox");
  const said = listen(child);
  await expect.poll(said.stderr).toMatch(/RUNNING/);
  child.kill("SIGKILL");
  await said.ended;

  here.go();
  const { status, stdout } = here.pushpool("wait", "fox");
  expect([status, stdout, here.starts().length]).toEqual([1, "went\n", 1]);
  expect(JSON.parse(here.pushpool("show", "fox", "--json").stdout)).toMatchObject({
    exitCode: 3,
    run: { state: { type: "FAILED" }, attempt: 1 },
  });
});

test("the run ends while nobody watches: reading it is enough to record how", async () => {
  const here = patient();
  const id = here.pushpool("run", "hello/patient", "--detach").stdout.trim();
  here.go();
  await expect.poll(() => JSON.parse(here.pushpool("ls", "--json").stdout).runs[0].state.type, { interval: 200 }).toBe("FAILED");
  expect(here.pushpool("logs", id).stdout).toBe("went\n");
});

test("two watchers of one run see the same end", async () => {
  const here = patient();
  const id = here.pushpool("run", "hello/patient", "--detach").stdout.trim();
  const watchers = [1, 2].map(() => listen(here.start("wait", id)));
  for (const said of watchers) await expect.poll(said.stderr).toMatch(/RUNNING/);
  here.go();
  expect(await Promise.all(watchers.map((said) => said.ended))).toEqual([1, 1]);
  expect(watchers.map((said) => said.stdout())).toEqual(["went\n", "went\n"]);
});

test.runIf(process.platform === "linux")("cancel stops a whole tree of processes", async () => {
  const here = patient();
  const id = here.pushpool("run", "hello/tree", "--detach").stdout.trim();
  await expect.poll(() => here.pushpool("logs", id).stdout).toBe("up\n");
  const before = processesOf(id);
  expect(before.length).toBeGreaterThanOrEqual(3);
  expect(here.pushpool("cancel", id).status).toBe(0);
  expect(before.filter(alive)).toEqual([]);
});

/** Every process whose environment names this run. */
function processesOf(runId: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`PUSHPOOL_FLOW_RUN_ID=${runId}`);
    } catch {
      return false;
    }
  });
}

function alive(pid: string): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
