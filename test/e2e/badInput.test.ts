import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scratch } from "../scratch";
import { until } from "../until";
import { manifestOf, type Place, place, placeWith } from "./pushpool";

// A mistake gets one message with the field and the fix, exit code 2, and nothing is sent.

const ESC = String.fromCharCode(0x1b);

const schema = { type: "object", properties: { n: { type: "integer" } }, additionalProperties: false };
const manifest = manifestOf(
  { "hello/node": "true", "hello/sleep": "sleep 30" },
  {
    deployments: {
      "hello/typed": { command: "true", workPool: { name: "local" }, parameterSchema: schema },
      "hello/dated": {
        command: "true",
        workPool: { name: "local" },
        parameterSchema: { type: "object", properties: { day: { type: "string", format: "date" } } },
      },
      "hello/lost": { command: "true", workPool: { name: "locl" } },
      "hello/elsewhere": { command: "true", workPool: { name: "local", jobVariables: { working_dir: "/not/there" } } },
      "hello/nothing": { entrypoint: "flows.py:hello", workPool: { name: "local" } },
    },
  },
);

function refused({ status, stdout, stderr }: ReturnType<Place["pushpool"]>, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect([status, stdout]).toEqual([2, ""]);
}

test.each<[string, string[], RegExp]>([
  ["unknown deployment", ["run", "hello/nod"], /no deployment "hello\/nod" in .*did you mean "hello\/node"/],
  [
    "deployment whose pool is missing",
    ["run", "hello/lost"],
    /deployments\.hello\/lost\.workPool\.name: there is no work pool "locl" .*did you mean "local"/,
  ],
  ["-p without =", ["run", "hello/node", "-p", "name"], /-p "name": must be KEY=VALUE/],
  [
    "--params with invalid JSON",
    ["run", "hello/node", "--params", '{"a": }'],
    /--params: invalid JSON: unexpected character at line 1, column 7/,
  ],
  ["--params of an unset variable", ["run", "hello/node", "--params", ""], /--params is blank .*leave it out/],
  ["--stack of an unset variable", ["run", "hello/node", "--stack", ""], /--stack is blank/],
  ["-C of an unset variable", ["-C", "", "run", "hello/node"], /-C is blank/],
  ["--timeout of blanks", ["run", "hello/node", "--timeout", " "], /--timeout is blank/],
  ["--file of an unset variable", ["deploy", "--file", ""], /--file is blank/],
  ["--pool of an unset variable", ["ls", "--pool", ""], /--pool is blank/],
  ["a deployment of an unset variable", ["run", ""], /DEPLOYMENT is blank/],
  ["a job variable of an unset variable", ["run", "hello/node", "--job-variable", "command="], /--job-variable command is blank/],
  ["--params from a device", ["run", "hello/node", "--params", "@/dev/zero"], /--params @\/dev\/zero is a device/],
  ["--params from a folder", ["run", "hello/node", "--params", "@/"], /--params @\/ is a folder/],
  ["a number that is infinite to Python", ["run", "hello/node", "-p", "n=1e400"], /-p n is 1e400, too large for a float/],
  [
    "-p that is nested too deeply",
    ["run", "hello/node", "-p", `n=${"[".repeat(20_000)}${"]".repeat(20_000)}`],
    /-p n is nested more than 200 levels deep/,
  ],
  [
    "a NUL in the command",
    ["run", "hello/node", "--job-variable", 'command="a\\u0000b"'],
    /job_configuration\.command has a NUL character/,
  ],
  ["a NUL in env", ["run", "hello/node", "--job-variable", 'env={"A":"\\u0000"}'], /job_configuration\.env\.A has a NUL character/],
  ["--params that is not an object", ["run", "hello/node", "--params", "[1]"], /--params must be a JSON object/],
  ["--params from a missing file", ["run", "hello/node", "--params", "@none.json"], /--params @none\.json: cannot read .*none\.json/],
  ["--port of ui that is a word", ["ui", "--port", "http"], /--port "http": must be a port number/],
  ["--port of ui that is too large", ["ui", "--port", "65536"], /--port "65536": must be a port number/],
  ["--host of ui: it listens on this machine only", ["ui", "--host", "0.0.0.0"], /unknown option '--host'/],
  [
    "--host of serve that this machine does not have",
    ["serve", "--log-level", "error", "--port", "0", "--host", "192.0.2.1"],
    /--host "192\.0\.2\.1": cannot listen there \(EADDRNOTAVAIL\): give an address of this machine/,
  ],
  ["--ui-port without --ui", ["serve", "--ui-port", "0"], /--ui-port needs --ui, which serves the run page/],
  ["an unknown verb of pools", ["pools", "stop", "local"], /pools "stop": must be pause or resume/],
  ["pools pause without a pool", ["pools", "pause"], /name the work pool/],
  ["pools pause of an unknown pool", ["pools", "pause", "locl"], /no work pool "locl" .*did you mean "local"/],
  ["parameter against the schema", ["run", "hello/typed", "-p", "n=one"], /parameters\.n must be integer/],
  ["unknown parameter", ["run", "hello/typed", "-p", "m=1"], /parameters\.m is unknown/],
  ["misspelt parameter", ["run", "hello/dated", "-p", "dya=x"], /parameters\.dya is unknown: did you mean "day"/],
  ["ill-typed parameter", ["run", "hello/dated", "-p", "day=notaday"], /parameters\.day must be a date/],
  [
    "unknown job variable",
    ["run", "hello/node", "--job-variable", "working_dri=/"],
    /job variable "working_dri" .*did you mean "working_dir"/,
  ],
  [
    "job variable of the wrong type",
    ["run", "hello/node", "--job-variable", "stream_output=maybe"],
    /job variable "stream_output" must be boolean/,
  ],
  ["missing working_dir", ["run", "hello/elsewhere"], /working_dir: there is no folder \/not\/there/],
  [
    "an entrypoint in a missing folder",
    ["run", "hello/nothing"],
    /deployments\.hello\/nothing\.entrypoint: the run would look for flows\.py .*working_dir/,
  ],
  [
    "command that cannot be split",
    ["run", "hello/node", "--job-variable", `command=echo "a`],
    /job_configuration\.command cannot be split/,
  ],
  ["invalid --timeout", ["run", "hello/node", "--timeout", "soon"], /--timeout "soon": must be a duration/],
  [
    "--timeout with a unit twice",
    ["run", "hello/node", "--timeout", "1h1h"],
    /--timeout "1h1h": must have each unit once, the largest first/,
  ],
  ["--grace in an odd order", ["cancel", "brave-fox", "--grace", "1s1m"], /--grace "1s1m": must have each unit once, the largest first/],
  [
    "--older-than with a unit twice",
    ["ledger", "prune", "--older-than", "9d9d"],
    /--older-than "9d9d": must have each unit once, the largest first/,
  ],
  ["--timeout beyond a timer", ["run", "hello/node", "--timeout", "25d"], /--timeout "25d": must be at most 24d/],
  ["--timeout of no number that exists", ["run", "hello/node", "--timeout", "9999999999999999999d"], /--timeout .*: must be at most 24d/],
  ["--credentials", ["run", "hello/node", "--credentials", "mine"], /--credentials "mine": must be ambient/],
  [
    "idempotency key of an unset variable",
    ["run", "hello/node", "--idempotency-key", ""],
    /idempotency key .*must not be blank: "".*leave it out/,
  ],
  ["idempotency key of blanks", ["run", "hello/node", "--idempotency-key", " \t"], /idempotency key .*must not be blank/],
  [
    "idempotency key with a line break",
    ["run", "hello/node", "--idempotency-key", "a\nb"],
    /idempotency key .*control characters \(U\+000A\): "a b"/,
  ],
  ["name with an escape sequence", ["run", "hello/node", "--flow-run-name", `${ESC}]0;x`], /--flow-run-name\) .*\(U\+001B\): "\\x1b\]0;x"/],
  ["name that is empty", ["run", "hello/node", "--flow-run-name", ""], /--flow-run-name\) must not be blank/],
  [
    "tag of 100 KB",
    ["run", "hello/node", "-t", "x".repeat(100_000)],
    /a tag .*at most 255 characters, not 100000: "x{100}… \(100000 characters\)"/,
  ],
  ["tag that is empty", ["run", "hello/node", "-t", ""], /a tag \(--tag\) must not be blank/],
  ["state of 100 KB", ["ls", "--state", "x".repeat(100_000)], /^.{1,1000}\n$/],
  ["deployment with an escape sequence", ["run", `hello/${ESC}[2Jnode`], /no deployment "hello\/\\x1b\[2Jnode"/],
  ["run with line breaks", ["show", "a\r\nb"], /there is no run "a b"/],
  ["pool with line breaks", ["ls", "--pool", "a\nb"], /--pool "a b"/],
  ["--limit with line breaks", ["ls", "--limit", "1\n2"], /--limit "1 2"/],
  ["-p with line breaks", ["run", "hello/node", "-p", "a\nb"], /-p "a b": must be KEY=VALUE/],
  ["--timeout with line breaks", ["run", "hello/node", "--timeout", "1s\n"], /--timeout "1s ": must be a duration/],
  ["tag of 256 characters beyond the BMP", ["run", "hello/node", "-t", "\u{1f4a5}".repeat(256)], /at most 255 characters, not 256/],
  ["unknown run", ["show", "brave-fox"], /there is no run "brave-fox"/],
  ["unknown state", ["ls", "--state", "RUNING"], /--state "RUNING": .*"RUNNING"/],
  ["--limit", ["ls", "--limit", "none"], /--limit "none"/],
  ["unknown option", ["run", "hello/node", "--detatch"], /unknown option '--detatch' \(Did you mean --detach\?\)/],
  ["unknown command", ["rum"], /unknown command 'rum' \(Did you mean run\?\)/],
  ["unknown command before the name of another", ["lss", "run"], /unknown command 'lss' \(Did you mean ls\?\)/],
  ["help of an unknown command", ["help", "rum"], /unknown command 'rum' \(Did you mean run\?\)/],
  ["options without a command", ["--stack", "data/dev"], /the command is missing: `pushpool --help` lists the commands/],
  ["a stack that is not a name", ["ls", "--stack", "../x"], /--stack "\.\.\/x" is not a valid stack name/],
  ["missing argument", ["run"], /missing required argument 'deployment'/],
  ["manifest what", ["manifest", "shw"], /manifest "shw": did you mean "show"/],
  ["no such folder", ["-C", "/not/there", "ls"], /-C: there is no folder \/not\/there/],
])("%s", (_, args, message) => {
  const here = placeWith(manifest);
  refused(here.pushpool(...args), message);
  // pushpool refuses most of them before it makes a ledger: then there is no run.
  if (!existsSync(join(here.home, "ledger.db"))) return;
  const { runs } = JSON.parse(here.pushpool("ls", "--all-stacks", "--json").stdout) as { runs: unknown[] };
  expect(runs).toEqual([]);
});

test("with --json the same is one object on stderr", () => {
  const { status, stderr } = placeWith(manifest).pushpool("run", "hello/nod", "--json");
  expect([status, JSON.parse(stderr)]).toMatchObject([2, { error: { exitCode: 2, message: expect.stringMatching(/hello\/nod/) } }]);
});

test("no manifest: the message lists every place that was searched", () => {
  const here = place();
  refused(here.pushpool("run", "a/b"), /there is no manifest.*--manifest.*\$PUSHPOOL_MANIFEST.*Pulumi\.yaml/);
});

test.each<[string, object, RegExp]>([
  [
    "a wrong type",
    { pools: { local: { type: "local:push", baseJobTemplate: { job_configuration: {}, variables: {} } } } },
    /pools\.local\.type must be one of process:push, .*not "local:push"/,
  ],
  ["an unknown key", { pols: {} }, /pols is .*"pools"/],
  ["a newer version", { version: 9 }, /version 9.*To upgrade, run `git pull && npm ci` in /],
  ["another kind", { kind: "x" }, /kind/],
])("manifest against its schema: %s", (_, over, message) =>
  refused(placeWith({ ...manifest, ...over }).pushpool("run", "hello/node"), message),
);

test("a file or a folder in the place of the other is named", () => {
  const here = placeWith(manifest);
  writeFileSync(join(here.folder, "file"), "");
  refused(here.pushpool("-C", join(here.folder, "file"), "init", "--no-install"), /-C ".*\/file" is not a folder: give one/);
  refused(here.pushpool("-C", join(here.folder, "file"), "ls"), /-C: there is no folder .*\/file/);
  const project = join(here.folder, "project");
  mkdirSync(join(project, "Pulumi.yaml"), { recursive: true });
  refused(here.pushpool("-C", project, "up"), /project\/Pulumi\.yaml is a folder: give a file/);
  refused(here.pushpool("-C", project, "ls"), /project\/Pulumi\.yaml is a folder: give a file/);
  const stack = join(here.folder, "stack");
  mkdirSync(join(stack, "Pulumi.dev.yaml"), { recursive: true });
  writeFileSync(join(stack, "Pulumi.yaml"), "name: stack\nruntime: yaml\n");
  const config = here.pushpool("-C", stack, "up", "--engine", "offline", "--json");
  expect([config.status, config.stderr]).toEqual([2, expect.stringMatching(/stack\/Pulumi\.dev\.yaml is a folder: give a file/)]);
});

test("a clone that was not built says so", () => {
  const clone = scratch();
  cpSync(join(__dirname, "..", "..", "bin"), join(clone, "bin"), { recursive: true });
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(clone, "bin", "pushpool.cjs"), "ls"], { encoding: "utf8" });
  expect([status, stdout, stderr]).toEqual([2, "", expect.stringMatching(/^pushpool is not built: run `npm ci` in .*\n$/)]);
});

test("an ambiguous prefix lists its runs", () => {
  const here = placeWith(manifest);
  const ids = [1, 2].map(() => here.pushpool("run", "hello/node", "--detach").stdout.trim());
  const { status, stderr } = here.pushpool("show", "0");
  expect(status).toBe(2);
  for (const id of ids) expect(stderr).toContain(id);
});

test("cancel of an ended run", () => {
  const here = placeWith(manifest);
  expect(here.pushpool("run", "hello/node", "--flow-run-name", "done").status).toBe(0);
  refused(here.pushpool("cancel", "done"), /run done \(.*\) has already ended: it is COMPLETED since/);
  refused(here.pushpool("retry", "done"), /COMPLETED: there is nothing to retry/);
});

test("an idempotency key with other parameters", () => {
  const here = placeWith(manifest);
  const first = here.pushpool("run", "hello/node", "--idempotency-key", "k", "-p", "a=1", "--detach");
  const again = here.pushpool("run", "hello/node", "--idempotency-key", "k", "-p", "a=1", "--detach");
  expect(again.stdout).toBe(first.stdout);
  refused(here.pushpool("run", "hello/node", "--idempotency-key", "k", "-p", "a=2"), /--idempotency-key "k" was already used for run/);
});

test.runIf(process.getuid?.() === 0)("a home that belongs to another user", () => {
  const here = placeWith(manifest);
  mkdirSync(here.home);
  chownSync(here.home, 12345, 12345);
  const { status, stderr } = here.pushpool("ls");
  expect([status, stderr]).toEqual([2, expect.stringMatching(/\.pushpool .*12345.*/)]);
});

test("a home that everyone may write to", () => {
  const here = placeWith(manifest);
  mkdirSync(here.home);
  chmodSync(here.home, 0o777);
  expect(here.pushpool("ls")).toMatchObject({ status: 2, stderr: expect.stringMatching(/chmod/) });
});

function project(program: string, name: string): Place {
  const cwd = join(scratch(), name);
  mkdirSync(cwd);
  symlinkSync(join(__dirname, "..", "..", "node_modules"), join(cwd, "node_modules"));
  writeFileSync(join(cwd, "Pulumi.yaml"), `name: ${name}\nruntime: nodejs\nmain: index.js\n`);
  writeFileSync(join(cwd, "index.js"), program);
  return place({ cwd });
}

test("a program that throws during `up`: its own stack trace, not ours", () => {
  const here = project(`require("@pulumi/pulumi");\nfunction mine() {\n  throw new Error("no such region");\n}\nmine();\n`, "throws");
  const { status, stderr } = here.pushpool("up", "--engine", "offline");
  expect(status).toBe(2);
  expect(stderr).toMatch(/Error: no such region.*at mine .*index\.js:3/s);
  expect(stderr).not.toMatch(/lib\/cli\.cjs|src\/engine/);
});

test("two `up` on one stack: the second names the first", async () => {
  const here = project(
    `require("@pulumi/pulumi");\nmodule.exports = async () => { await new Promise((done) => setTimeout(done, 40_000)); return {}; };\n`,
    "slow",
  );
  const first = here.start("up", "--engine", "offline");
  await until(() => existsSync(join(here.home, "stacks", "slow", "dev.json.lock")));
  const { status, stderr } = here.pushpool("up", "--engine", "offline");
  expect([status, stderr]).toEqual([2, expect.stringMatching(new RegExp(`stack slow/dev is being changed by process ${first.pid} since`))]);
  first.kill("SIGKILL");
});

test("the other engine on a stack: the commands that move it", () => {
  const here = project(`exports.n = 1;\n`, "moved");
  expect(here.pushpool("up", "--engine", "offline").status).toBe(0);
  const bin = join(here.folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "pulumi"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  here.env.PATH = `${bin}:${here.env.PATH}`;
  const { status, stderr } = here.pushpool("up", "--engine", "pulumi");
  expect([status, stderr]).toEqual([2, expect.stringMatching(/stack .*moved\/dev.*offline.*pulumi stack import/s)]);
});

test("no project for `up`", () => refused(place().pushpool("up"), /there is no Pulumi\.yaml in .* or its parents.*-C/));

test("an unknown engine", () => {
  const here = project(`exports.n = 1;\n`, "moved");
  here.env.PATH = "/nowhere";
  refused(here.pushpool("up", "--engine", "pulumi"), /`pulumi` is not on PATH.*--engine offline/);
  refused(here.pushpool("up", "--engine", "terraform"), /--engine "terraform": must be pulumi or offline/);
});
