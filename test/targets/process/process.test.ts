import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { ValueObject } from "../../../src/json";
import { processStart } from "../../../src/processTable";
import { Secret } from "../../../src/secret";
import { createProcessTarget } from "../../../src/targets/process";
import type { InfrastructureId, Observation, Target } from "../../../src/targets/target";
import { scratch } from "../../scratch";
import { until } from "../../until";
import { describeTarget } from "../conformance";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const quoted = (text: string) => `'${text.replaceAll("'", `'"'"'`)}'`;
const job = (script: string, env: Record<string, string | Secret> = {}): ValueObject => ({
  command: `sh -c ${quoted(script)}`,
  env,
  labels: {},
  name: "n",
  stream_output: true,
});
const never = new AbortController().signal;
const pidOf = (id: InfrastructureId) => Number(/@.*:(\d+):[^:]*$/.exec(id)?.[1]);

describeTarget("process", () => {
  const home = mkdtempSync(join(tmpdir(), "pushpool-target-"));
  folders.push(home);
  const open = () => createProcessTarget({ home, env: process.env });
  const untilStarted = async (id: InfrastructureId) => until(async () => (await open().observe([id])).get(id)?.phase === "running");
  return {
    open,
    job,
    ends: [
      {
        name: "a command that does not exist",
        job: { ...job("true"), command: "no-such-command-here" },
        outcome: { kind: "failedToStart", reason: "the command was not found" },
      },
      {
        name: "a command that is not executable",
        job: { ...job("true"), command: "/etc/passwd" },
        outcome: { kind: "failedToStart", reason: "the command is not executable" },
      },
      { name: "a program that itself exits 127", job: job("exit 127"), outcome: { kind: "exited", code: 127 } },
      { name: "a signal", job: job("kill -SEGV $$"), outcome: { kind: "signalled", signal: "SIGSEGV" } },
      { name: "the time limit", job: job("sleep 600"), timeoutSeconds: 1, outcome: { kind: "timedOut", phase: "running" } },
      {
        name: "a process group that was killed from outside",
        job: job("sleep 600"),
        during: async (id) => {
          await untilStarted(id);
          process.kill(-pidOf(id), "SIGKILL");
        },
        outcome: { kind: "lost" },
      },
      {
        name: "a wrapper that was killed from outside, which ends the rest too",
        job: job("sleep 600"),
        during: async (id) => {
          await untilStarted(id);
          process.kill(pidOf(id), "SIGKILL");
          await until(async () => groupIsEmpty(pidOf(id)));
        },
        outcome: { kind: "lost" },
      },
    ],
    everythingKept: () => allTextUnder(home),
  };
});

describe("only process:push", () => {
  function here(env: NodeJS.ProcessEnv = process.env) {
    const home = scratch();
    const target = createProcessTarget({ home, env });
    return { home, target };
  }
  async function run(target: Target, job: ValueObject, over: { id?: string; timeoutSeconds?: number } = {}): Promise<InfrastructureId> {
    const submission = target.plan(job, {
      id: over.id ?? `r${Math.random()}`,
      attempt: 1,
      pool: "p",
      timeoutSeconds: over.timeoutSeconds ?? null,
    });
    return target.submit(await target.prepare(submission, never), never);
  }
  const ended = async (target: Target, id: InfrastructureId) =>
    until(async () => {
      const seen = (await target.observe([id])).get(id) as Observation;
      return seen.phase === "ended" && seen;
    });
  const output = async (target: Target, id: InfrastructureId) => {
    await ended(target, id);
    return (await target.logs(id)).lines.map(({ text }) => text);
  };

  test("requests to stop that arrive together send SIGTERM all the same", async () => {
    const { target } = here();
    for (let n = 0; n < 40; n++) {
      const id = await run(target, job("echo up; exec sleep 600"));
      await until(async () => (await target.logs(id)).lines.length > 0);
      // Longer than this test waits: SIGKILL does not end them.
      for (let request = 0; request < 4; request++) await target.stop(id, { reason: "test", graceSeconds: 300 });
      expect(await ended(target, id)).toMatchObject({ outcome: { kind: "cancelled", by: "us" } });
    }
  });

  test("the command gets the caller's environment without private variables, overridden by that of the job", async () => {
    const { target } = here({
      PATH: process.env.PATH,
      KEPT: "1",
      OVER: "caller",
      PULUMI_CONFIG_PASSPHRASE: "p",
      PUSHPOOL_HOME: "h",
      npm_config_token: "t",
      PREFECT_API_KEY: "k",
      PREFECT__FLOW_RUN_ID: "r",
      NODE_COMPILE_CACHE: "c",
    });
    const lines = await output(
      target,
      await run(target, { ...job("env"), env: { OVER: "job", PUSHPOOL_FLOW_RUN_ID: "mine", pushpool_dir: "theirs" } }),
    );
    const seen = Object.fromEntries(lines.map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]));
    expect(seen).toMatchObject({ KEPT: "1", OVER: "job", PUSHPOOL_FLOW_RUN_ID: "mine" });
    for (const name of [
      "PULUMI_CONFIG_PASSPHRASE",
      "PUSHPOOL_HOME",
      "npm_config_token",
      "PREFECT_API_KEY",
      "PREFECT__FLOW_RUN_ID",
      "NODE_COMPILE_CACHE",
    ])
      expect(seen).not.toHaveProperty(name);
  });

  test("the arguments of all processes contain no secret and no parameter", async () => {
    const { target } = here();
    const id = await run(
      target,
      job("sleep 0.5", { TOKEN: new Secret([{ pointer: "/t" }], "argv-hunter2"), PUSHPOOL_PARAMETERS: '{"p":"argv-parameter"}' }),
    );
    const table = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    expect(table).not.toMatch(/argv-hunter2|argv-parameter/);
    await ended(target, id);
  });

  test("a run without working_dir has its own folder, which cleanup removes; with working_dir it runs there", async () => {
    const { home, target } = here();
    const id = await run(target, job("pwd; echo x > file"), { id: "r1" });
    expect(await output(target, id)).toEqual([join(home, "runs", "r1", "1", "work")]);
    await target.cleanup(id);
    expect(readdirSync(join(home, "runs", "r1", "1"))).not.toContain("work");
    const folder = scratch();
    expect(await output(target, await run(target, { ...job("pwd"), working_dir: folder }))).toEqual([folder]);
  });

  test("only the owner has access to the folder of a run", async () => {
    const { home, target } = here();
    await ended(target, await run(target, job("true"), { id: "r1" }));
    expect(statSync(join(home, "runs", "r1", "1")).mode & 0o077).toBe(0);
    for (const file of ["out", "err", "pid", "exit", "stamps"]) expect(statSync(join(home, "runs", "r1", "1", file)).mode & 0o077).toBe(0);
  });

  test("another process with the same pid is not taken for the run", async () => {
    const { target } = here();
    const id = await run(target, job("sleep 600"));
    // Start it in another tick of the kernel's clock (10 ms), which distinguishes two processes with one pid.
    await new Promise((done) => setTimeout(done, 50));
    const other = spawn("sleep", ["60"]);
    const start = processStart(other.pid as number) as string;
    expect(start).not.toBe(processStart(pidOf(id)));
    // The id of the same run, with the pid of a running process that started at another time.
    const reused = id.replace(/:(\d+):/, `:${other.pid}:`);
    expect((await target.observe([reused])).get(reused)?.phase).toBe("ended");
    await target.stop(reused, { reason: "test", graceSeconds: 1 });
    expect(processStart(other.pid as number)).toBe(start);
    other.kill();
    await target.stop(id, { reason: "test", graceSeconds: 1 });
    await ended(target, id);
  });

  test("stopping a run ends its whole process tree, also in the background", async () => {
    const { target } = here();
    const id = await run(target, job("sleep 61 & (sleep 61 & sleep 61) & echo up; wait"));
    await until(async () => (await target.logs(id)).lines.length > 0);
    await target.stop(id, { reason: "test", graceSeconds: 5 });
    await ended(target, id);
    await until(async () => groupIsEmpty(pidOf(id)));
  });

  test("background processes end with the command", async () => {
    const { target } = here();
    const id = await run(target, job("sleep 62 & exit 0"));
    expect((await ended(target, id)).outcome).toEqual({ kind: "exited", code: 0 });
    await until(async () => groupIsEmpty(pidOf(id)));
  });

  test("the exit code is recorded even if every pushpool process has died", async () => {
    const { home, target } = here();
    const script = `
      const { createProcessTarget } = require(${JSON.stringify(join(__dirname, "..", "..", "..", "lib", "src", "targets", "process"))});
      const target = createProcessTarget({ home: ${JSON.stringify(home)}, env: process.env });
      const submission = target.plan({ command: "sh -c 'sleep 0.5; exit 9'", env: {} }, { id: "r1", attempt: 1, pool: "p", timeoutSeconds: null });
      target.submit({ submission, resources: {} }, new AbortController().signal).then(() => process.kill(process.pid, "SIGKILL"));`;
    const child = spawn(process.execPath, ["-e", script], { stdio: "inherit" });
    expect(await new Promise((done) => child.on("exit", (_, signal) => done(signal)))).toBe("SIGKILL");
    const id = (await target.find("r1", 1)) as InfrastructureId;
    expect((await ended(target, id)).outcome).toEqual({ kind: "exited", code: 9 });
  });

  test("3,000 lines in a short time all arrive in order", async () => {
    const { target } = here();
    const id = await run(target, job("i=0; while [ $i -lt 3000 ]; do echo line-$i; i=$((i+1)); done"));
    await ended(target, id);
    const lines: string[] = [];
    let cursor: string | undefined;
    await until(async () => {
      const page = await target.logs(id, cursor);
      lines.push(...page.lines.map(({ text }) => text));
      cursor = page.cursor;
      return page.complete;
    });
    expect(lines).toEqual(Array.from({ length: 3000 }, (_, n) => `line-${n}`));
  });

  test("a line keeps its time for all later readers", async () => {
    const { target } = here();
    const id = await run(target, job("echo early; sleep 2.2; echo late"));
    const first = await until(async () => (await target.logs(id)).lines[0]);
    await ended(target, id);
    const [early, late] = (await target.logs(id)).lines;
    expect(early).toEqual(first);
    expect(Date.parse(late?.at ?? "") - Date.parse(early?.at ?? "")).toBeGreaterThanOrEqual(900);
  });

  test.each<[string, ValueObject, RegExp]>([
    ["no command", { ...job("true"), command: null }, /^job_configuration\.command is missing/],
    [
      "a secret in the command",
      { ...job("true"), command: new Secret([{ pointer: "/t" }], "x") },
      /^job_configuration\.command contains a secret \(\/t\): .*env/,
    ],
    ["a missing folder", { ...job("true"), working_dir: "/not/there" }, /^job_configuration\.working_dir: there is no folder/],
    [
      "a folder that is a file",
      { ...job("true"), working_dir: "/etc/passwd" },
      /^job_configuration\.working_dir: \/etc\/passwd is not a folder/,
    ],
    [
      "an env string over 128 KiB",
      { ...job("true"), env: { BIG: "x".repeat(128 * 1024) } },
      /^job_configuration\.env\.BIG: it is 131077 bytes/,
    ],
    ["parameters over 128 KiB", { ...job("true"), env: { PUSHPOOL_PARAMETERS: "x".repeat(128 * 1024) } }, /^parameters: as JSON they are/],
    [
      "an invalid variable name",
      { ...job("true"), env: { "A=B": "1" } },
      /^job_configuration\.env\.A=B: "A=B" is not a valid environment variable name: it must not be blank/,
    ],
  ])("plan refuses %s", (_, given, message) => {
    const { target } = here();
    expect(() => target.plan(given, { id: "r", attempt: 1, pool: "p", timeoutSeconds: null })).toThrow(message);
  });

  test("the longest variable that the system allows is accepted", async () => {
    const { target } = here();
    const id = await run(target, { ...job("printf %s $BIG | wc -c"), env: { BIG: "x".repeat(128 * 1024 - 5) } });
    expect((await output(target, id)).map((line) => line.trim())).toEqual([String(128 * 1024 - 5)]);
  });

  test("invalid UTF-8, CRLF and very long lines are handled", async () => {
    const { target } = here();
    const file = join(scratch(), "bytes");
    writeFileSync(
      file,
      Buffer.concat([
        Buffer.from("crlf\r\n"),
        Buffer.from([0xff, 0x41, 0x0a]),
        Buffer.from(`${"é".repeat(50_000)}\n`),
        Buffer.from("end\n"),
      ]),
    );
    const lines = await output(target, await run(target, { ...job("true"), command: `cat ${file}` }));
    expect(lines.slice(0, 2)).toEqual(["crlf", "\ufffdA"]);
    expect(lines.slice(2, -1).join("")).toBe("é".repeat(50_000));
    expect(lines.at(-1)).toBe("end");
  });
});

function groupIsEmpty(pgid: number): boolean {
  const table = execFileSync("ps", ["-eo", "pgid=,stat="], { encoding: "utf8" });
  return !table.split("\n").some((line) => {
    const [group, state = ""] = line.trim().split(/\s+/);
    return Number(group) === pgid && !state.startsWith("Z");
  });
}

function allTextUnder(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}

test("a damaged id in the ledger is refused with one line", async () => {
  const target = createProcessTarget({ home: scratch(), env: process.env });
  const message = expect.stringMatching(/^the ledger has "x\\x1b y" as the process of a run/);
  await expect(target.observe(["x\u001b\ny"])).rejects.toMatchObject({ exitCode: 5, message });
  await expect(target.logs("x\u001b\ny")).rejects.toMatchObject({ exitCode: 5, message });
});
