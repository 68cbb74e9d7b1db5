import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scratch } from "../scratch";
import { type Place, place } from "./pushpool";

// The commands of examples/local, with the built CLI in a copy of it.

const repo = join(__dirname, "..", "..");

function exampleAt(): Place {
  const folder = join(scratch(), "local");
  cpSync(join(repo, "examples", "local"), folder, { recursive: true });
  // As after `npm install`: pushpool is this checkout.
  mkdirSync(join(folder, "node_modules", "@pulumi"), { recursive: true });
  symlinkSync(repo, join(folder, "node_modules", "pushpool"));
  symlinkSync(join(repo, "node_modules", "@pulumi", "pulumi"), join(folder, "node_modules", "@pulumi", "pulumi"));
  return place({ cwd: folder });
}

test("preview, up, up again, deploy, deploy again, run, ls, show, logs, cancel, retry, destroy", () => {
  const { pushpool, home } = exampleAt();
  const say = (...args: string[]) => {
    const { status, stdout, stderr } = pushpool(...args);
    return { status, stdout, stderr, all: stdout + stderr };
  };

  expect(say("preview", "--engine", "offline")).toMatchObject({ status: 0, stderr: expect.stringMatching(/4 to create/) });
  const up = say("up", "--engine", "offline");
  expect(up.status).toBe(0);
  expect(up.stderr).toMatch(/stack local-example\/dev, engine offline \(as asked\)/);
  expect(up.stderr).toMatch(/\+ pushpool:index:ProcessPushPool local/);
  expect(up.stdout).toMatch(/pushPools: manifest \(work pools: local; deployments: /);
  expect(say("up")).toMatchObject({ status: 0, stderr: expect.stringMatching(/it manages this stack[\s\S]*no changes/) });

  const { pools } = JSON.parse(say("pools", "--json").stdout) as { pools: { name: string; type: string }[] };
  expect(pools).toMatchObject([{ name: "local", type: "process:push" }]);
  const deployed = say("deploy", "--all");
  expect(deployed).toMatchObject({ status: 0, stderr: expect.stringMatching(/stack local-example\/dev: 6 created/) });
  expect(deployed.stdout).toMatch(/\+ hello\/node \(work pool local\)/);
  expect(say("deploy", "--all")).toMatchObject({ status: 0, stdout: "", stderr: expect.stringMatching(/6 unchanged/) });
  expect(say("deployments").stdout).toMatch(/hello\/node\s+local\s+node flows\/hello\.mjs/);
  expect(JSON.parse(say("manifest", "show").stdout)).toMatchObject({
    kind: "pushpool.dev/manifest",
    source: { project: "local-example", stack: "dev" },
  });

  const dry = say("run", "hello/node", "-p", "times=1", "--dry-run");
  expect(JSON.parse(dry.stdout)).toMatchObject({
    deployment: "hello/node",
    parameters: { name: "Ada", times: 1 },
    submission: { argv: ["node", "flows/hello.mjs"] },
  });
  // The FlowRun of the program ran once, at the first `up`.
  expect(JSON.parse(say("ls", "--json").stdout)).toMatchObject({ runs: [{ deployment: "disk/usage", state: { type: "COMPLETED" } }] });

  const run = say("run", "hello/node", "-p", "name=Grace", "-p", "times=2", "--flow-run-name", "first");
  expect(run.status).toBe(0);
  expect(run.stdout).toBe("Hello, Grace! (1 of 2)\nHello, Grace! (2 of 2)\n");
  expect(run.stderr).toMatch(/flow run first \(.*\) of hello\/node on work pool local, stack local-example\/dev/);
  expect(run.stderr).toMatch(/SCHEDULED[\s\S]*PENDING[\s\S]*RUNNING[\s\S]*COMPLETED/);
  expect(run.stderr).toMatch(/greeted Grace 2 times/);
  expect(run.stderr).toMatch(/first is COMPLETED \(exit code 0, /);

  const failed = say("run", "hello/failing", "--flow-run-name", "second");
  expect(failed).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/cannot reach the database[\s\S]*second is FAILED \(exit code 3/),
  });
  expect(say("run", "disk/usage").status).toBe(0);

  expect(say("ls").stdout).toMatch(/NAME.*DEPLOYMENT.*STATE[\s\S]*second.*FAILED[\s\S]*first.*COMPLETED/);
  expect(say("ls", "--state", "FAILED").stdout).not.toMatch(/first/);
  const shown = JSON.parse(say("show", "first", "--json").stdout) as { exitCode: number; transitions: { type: string }[] };
  expect([shown.exitCode, shown.transitions.map(({ type }) => type)]).toEqual([
    0,
    ["SCHEDULED", "PENDING", "PENDING", "RUNNING", "COMPLETED"],
  ]);
  expect(say("show", "second").stdout).toMatch(/state: +FAILED: the command exited with code 3[\s\S]*exit code: +3/);
  expect(say("logs", "first")).toMatchObject({
    status: 0,
    stdout: "Hello, Grace! (1 of 2)\nHello, Grace! (2 of 2)\n",
    stderr: "greeted Grace 2 times\n",
  });

  const retried = say("retry", "second");
  expect([retried.status, retried.stderr]).toEqual([1, expect.stringMatching(/attempt 2[\s\S]*FAILED/)]);

  const id = say("run", "hello/node", "-p", "times=100", "--detach", "--flow-run-name", "third").stdout.trim();
  expect(say("destroy", "--yes")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/1 run of stack local-example\/dev in flight: third/),
  });
  expect(say("wait", id, "--timeout", "300ms")).toMatchObject({
    status: 4,
    stderr: expect.stringMatching(/still RUNNING after --timeout 300ms/),
  });
  expect(say("cancel", "third", "--dry-run").stdout).toMatch(/"graceSeconds": 30/);
  const cancelled = say("cancel", "third");
  expect([cancelled.status, cancelled.stderr]).toEqual([
    0,
    expect.stringMatching(/third: CANCELLING[\s\S]*third: CANCELLED: stopped on request/),
  ]);
  expect(say("wait", "third").status).toBe(3);

  expect(say("destroy")).toMatchObject({ status: 2, stderr: expect.stringMatching(/--yes/) });
  expect(say("destroy", "--yes")).toMatchObject({ status: 0, stderr: expect.stringMatching(/4 deleted/) });
  expect(say("run", "hello/node")).toMatchObject({ status: 2 });
  expect(say("ls", "--json").status).toBe(0);
  expect(readFileSync(join(home, ".gitignore"), "utf8")).toBe("*\n");
});

test("every event of a run, one JSON object a line", () => {
  const { pushpool } = exampleAt();
  pushpool("up", "--engine", "offline", "--json");
  pushpool("deploy", "node", "--json");
  const { status, stdout } = pushpool("run", "hello/node", "-p", "times=1", "--json");
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string; type?: string; text?: string; exitCode?: number });
  expect(status).toBe(0);
  expect(events.filter(({ event }) => event === "state").map(({ type }) => type)).toEqual(["SCHEDULED", "PENDING", "RUNNING", "COMPLETED"]);
  expect(events.filter(({ event }) => event === "log").map(({ text }) => text)).toEqual(["Hello, Ada! (1 of 1)", "greeted Ada 1 times"]);
  expect(events.at(-1)).toMatchObject({ event: "result", exitCode: 0, run: { state: { type: "COMPLETED" } } });
});

test.each([
  "up",
  "preview",
  "destroy",
  "deploy",
  "run",
  "ls",
  "show",
  "logs",
  "cancel",
  "retry",
  "wait",
  "pools",
  "deployments",
  "manifest",
])("%s --help has an example", (verb) => {
  const { status, stdout } = place().pushpool(verb, "--help");
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`Example:\\n  \\$ pushpool ${verb}`));
  expect(stdout).toMatch(/--stack.*-C <dir>.*--json/s);
});
