import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { noPython } from "../entrypoint/python";
import { scratch } from "../scratch";
import { until } from "../until";
import { listen, manifestOf, type Place, place, placeWith } from "./pushpool";

// A deployment with an entrypoint and no command, with the built command line.

const fixtures = join(__dirname, "..", "fixtures", "entrypoint");

/** Deployments by name: the entrypoint, or more. They run in `folder`. */
function placeOf(folder: string, deployments: Record<string, string | JsonObject>): Place {
  const workPool = { name: "local", jobVariables: { working_dir: folder } };
  const made = Object.entries(deployments).map(([name, given]) => [
    name,
    { workPool, ...(typeof given === "string" ? { entrypoint: given } : given) },
  ]);
  return placeWith(manifestOf({}, { deployments: Object.fromEntries(made) as JsonObject }));
}

function refused({ status, stdout, stderr }: ReturnType<Place["pushpool"]>, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect([status, stdout]).toEqual([2, ""]);
}

describe.skipIf(noPython)("by python3", () => {
  const here = () =>
    placeOf(fixtures, {
      "hello/prod": { entrypoint: "jobs.py:hello", parameters: { name: "Ada" } },
      "hello/module": "jobs.hello",
      "types/prod": "jobs.py:types",
      "later/prod": "jobs.py:later",
      "fails/prod": "jobs.py:fails",
      "exits/prod": "jobs.py:exits",
    });

  test("parameters, return value and exit codes", () => {
    const { pushpool } = here();
    expect(pushpool("run", "hello/prod", "-p", "times=2")).toMatchObject({
      status: 0,
      stdout: "Hello, Ada!\nHello, Ada!\n",
      stderr: expect.stringMatching(/jobs\.py:hello returned 'Ada'[\s\S]*COMPLETED/),
    });
    expect(pushpool("run", "hello/module")).toMatchObject({ status: 0, stdout: "Hello, world!\n" });
    expect(pushpool("run", "types/prod", "-p", "day=2024-01-02")).toMatchObject({ status: 0, stdout: "datetime.date(2024, 1, 2)\n" });
    expect(pushpool("run", "types/prod", "--params", '{"point": {"x": 1}}')).toMatchObject({ stdout: "Point(x=1, y=None, line=[])\n" });
    expect(pushpool("run", "later/prod", "-p", "n=1")).toMatchObject({ status: 0, stderr: expect.stringMatching(/returned 2/) });
    expect(pushpool("run", "exits/prod", "-p", "code=0").status).toBe(0);
    expect(pushpool("run", "exits/prod", "-p", "code=9")).toMatchObject({ status: 1, stderr: expect.stringMatching(/exit code 9/) });
  });

  test("an exception: the flow's own traceback, FAILED, and the same again on retry", () => {
    const { pushpool } = here();
    const { status, stderr } = pushpool("run", "fails/prod", "--flow-run-name", "broken");
    expect(status).toBe(1);
    expect(stderr).toMatch(/Traceback \(most recent call last\):\n {2}File ".*jobs\.py", line \d+, in fails[\s\S]*JSONDecodeError/);
    expect(stderr).not.toMatch(/<string>/);
    expect(pushpool("retry", "broken")).toMatchObject({ status: 1, stderr: expect.stringMatching(/attempt 2[\s\S]*JSONDecodeError/) });
    expect(pushpool("logs", "broken").stderr).toMatch(/JSONDecodeError/);
  });

  test("a parameter that does not fit: one line in the log, exit code 78", () => {
    const { status, stderr } = here().pushpool("run", "hello/prod", "-p", "times=often");
    expect(status).toBe(1);
    expect(stderr).toMatch(/\njobs\.py:hello: parameter times must be int \(given: "often"\)\n.*exited with code 78/);
  });

  test("output is live, and a cancelled run really stops", async () => {
    const folder = scratch();
    writeFileSync(
      join(folder, "slow.py"),
      `import os, time\ndef wait():\n    print("begun")\n    while not os.path.exists("go"):\n        time.sleep(0.02)\n    print("gone on")\n`,
    );
    const made = placeOf(folder, { "slow/prod": "slow.py:wait" });
    const first = listen(made.start("run", "slow/prod"));
    await until(() => first.stdout() === "begun\n");
    writeFileSync(join(folder, "go"), "");
    expect(await first.ended).toBe(0);
    expect(first.stdout()).toBe("begun\ngone on\n");

    const other = scratch();
    cpSync(join(folder, "slow.py"), join(other, "slow.py"));
    const again = placeOf(other, { "slow/prod": "slow.py:wait" });
    const second = listen(again.start("run", "slow/prod", "--flow-run-name", "endless"));
    await until(() => second.stdout() === "begun\n");
    expect(again.pushpool("cancel", "endless")).toMatchObject({ status: 0, stderr: expect.stringMatching(/CANCELLED/) });
    expect(await second.ended).toBe(3);
  });

  test("declared in a Pulumi program, with pull steps that only change the folder", () => {
    const cwd = scratch();
    symlinkSync(join(__dirname, "..", "..", "node_modules"), join(cwd, "node_modules"));
    mkdirSync(join(cwd, "code"));
    cpSync(join(fixtures, "jobs.py"), join(cwd, "code", "jobs.py"));
    writeFileSync(join(cwd, "Pulumi.yaml"), "name: flows\nruntime: nodejs\nmain: index.js\n");
    writeFileSync(
      join(cwd, "index.js"),
      `const { Deployment, manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");
const pool = new ProcessPushPool("local", {});
const pullSteps = [{ "prefect.deployments.steps.set_working_directory": { directory: __dirname + "/code" } }];
const hello = new Deployment("hello/prod", { workPoolName: pool.workPoolName, entrypoint: "jobs.py:hello", pullSteps });
exports.pushPools = manifest({ pools: [pool], deployments: [hello] });
`,
    );
    const { pushpool } = place({ cwd });
    expect(pushpool("up", "--engine", "offline").status).toBe(0);
    expect(pushpool("run", "hello/prod")).toMatchObject({ status: 0, stdout: "Hello, world!\n" });
  });

  test("--dry-run shows what is sent: parameters and entrypoint in env, never in an argument", () => {
    const { status, stdout } = here().pushpool("run", "hello/prod", "--dry-run");
    const { submission } = JSON.parse(stdout) as { submission: { argv: string[]; env: Record<string, string> } };
    expect(status).toBe(0);
    expect(submission.env).toMatchObject({ PUSHPOOL_ENTRYPOINT: "jobs.py:hello", PUSHPOOL_PARAMETERS: '{"name":"Ada"}' });
    expect(submission.argv.join(" ")).not.toMatch(/jobs|Ada/);
  });

  test("another Python, set by the job variable env", () => {
    const folder = scratch();
    cpSync(join(fixtures, "jobs.py"), join(folder, "jobs.py"));
    writeFileSync(join(folder, "mine"), '#!/bin/sh\necho "my own"\nexec python3 "$@"\n', { mode: 0o755 });
    const workPool = { name: "local", jobVariables: { working_dir: folder, env: { PUSHPOOL_PYTHON: join(folder, "mine") } } };
    const { pushpool } = placeOf(folder, { "hello/prod": { entrypoint: "jobs.py:hello", workPool } });
    expect(pushpool("run", "hello/prod")).toMatchObject({ status: 0, stdout: "my own\nHello, world!\n" });
  });

  test("a job variable `command` overrides the entrypoint", () => {
    expect(here().pushpool("run", "hello/prod", "--job-variable", "command=echo instead")).toMatchObject({
      status: 0,
      stdout: "instead\n",
    });
  });
});

describe("refused before anything is sent", () => {
  const gitClone = [{ "prefect.deployments.steps.git_clone": { repository: "https://example.com/x.git" } }];
  const goTo = (directory: string) => [{ "prefect.deployments.steps.set_working_directory": { directory } }];
  const deployments: Record<string, string | JsonObject> = {
    "no/file": "gone.py:hello",
    "no/function": "jobs.py",
    "no/folder": { entrypoint: "jobs.py:hello", workPool: { name: "local" } },
    "no/code": { entrypoint: "jobs.py:hello", pullSteps: goTo("/not/there") },
    "no/prefect": { entrypoint: "jobs.py:hello", pullSteps: gitClone },
    "no/thing": { workPool: { name: "local" } },
  };
  const gone = "jobs.py:hello";

  test.skipIf(noPython).each<[string, RegExp]>([
    ["no/file", /deployments\.no\/file\.entrypoint: there is no file \/.*\/entrypoint\/gone\.py/],
    ["no/function", /deployments\.no\/function\.entrypoint: "jobs\.py" names no function: write it as jobs\.py:function/],
    ["no/folder", /deployments\.no\/folder\.entrypoint: the run would look for jobs\.py in an empty folder: .*working_dir/],
    ["no/code", /deployments\.no\/code\.entrypoint: there is no file \/not\/there\/jobs\.py/],
    ["no/thing", /deployments\.no\/thing\.command is missing: the deployment has neither a command nor an entrypoint/],
  ])("%s", (name, message) => {
    const made = placeOf(fixtures, deployments);
    refused(made.pushpool("run", name), message);
    expect(JSON.parse(made.pushpool("ls", "--all-stacks", "--json").stdout)).toMatchObject({ runs: [] });
  });

  test.skipIf(noPython)("pull steps without Prefect", () => {
    const made = placeOf(fixtures, deployments);
    // Whatever is installed on this machine.
    const python = join(made.folder, "python");
    writeFileSync(python, '#!/bin/sh\nexec python3 -I -S "$@"\n', { mode: 0o755 });
    const variable = `env={"PUSHPOOL_PYTHON": ${JSON.stringify(python)}}`;
    refused(
      made.pushpool("run", "no/prefect", "--job-variable", variable),
      /deployments\.no\/prefect\.pullSteps: prefect\.deployments\.steps\.git_clone needs Prefect, but \/.*python does not have it: .*pip install prefect/,
    );
  });

  test("without python3", () => {
    const made = placeOf(fixtures, { "hello/prod": gone });
    made.env.PATH = "/nowhere";
    refused(
      made.pushpool("run", "hello/prod"),
      /deployments\.hello\/prod\.entrypoint: python3, which runs it, is not on its PATH.*PUSHPOOL_PYTHON/,
    );
  });
});
