import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../until";
import { listen, manifestOf, type Place, placeWith } from "./pushpool";
import { CTRL_C, onTerminal, terminalTest } from "./terminal";

const bin = join(__dirname, "..", "..", "bin", "pushpool.cjs");

/** A place whose terminal has colours. */
function coloured(): Place {
  const { env, ...here } = placeWith(manifest);
  const { NO_COLOR: _, ...rest } = env;
  return { ...here, env: rest };
}

const manifest = manifestOf({ "a/short": "sh -c 'echo one; sleep 0.5; echo two'", "a/long": "sh -c 'echo up; sleep 600'" });

terminalTest("a terminal shows phases with times, the log below, a live line, the end", () => {
  const { status, screen } = onTerminal(coloured(), ["run", "a/short"], []);
  expect(status).toBe(0);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the bytes for a terminal
  const plain = screen.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
  expect(plain).toMatch(/ s {2}SCHEDULED/);
  expect(plain).toMatch(/ s {2}RUNNING/);
  expect(plain).toMatch(/│ one/);
  expect(plain).toMatch(/│ two/);
  expect(plain).toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] RUNNING/);
  expect(plain).toMatch(/is COMPLETED \(exit code 0/);
  expect(screen).toContain("\x1b[32m");
});

terminalTest("one Ctrl-C detaches with 130 and says how to come back; the run continues", () => {
  const here = placeWith(manifest);
  const { status, screen } = onTerminal(
    here,
    ["run", "a/long", "--flow-run-name", "mine"],
    [
      ["wait", "│ up"],
      ["send", CTRL_C],
    ],
  );
  expect(status).toBe(130);
  expect(screen).toMatch(/detached from mine: the run continues\. `pushpool wait \S+` follows it again, `pushpool cancel \S+` stops it/);
  expect(JSON.parse(here.pushpool("show", "mine", "--json").stdout)).toMatchObject({ run: { state: { type: "RUNNING" } } });
  expect(here.pushpool("cancel", "mine").status).toBe(0);
});

terminalTest("two quick Ctrl-C really cancel, with 3", () => {
  const here = placeWith(manifest);
  const { status, screen } = onTerminal(
    here,
    ["run", "a/long", "--flow-run-name", "mine"],
    [
      ["wait", "│ up"],
      ["send", CTRL_C],
      ["wait", "detached from"],
      ["send", CTRL_C],
    ],
  );
  expect([status, screen]).toEqual([3, expect.stringMatching(/cancelling[\s\S]*mine is CANCELLED/)]);
  expect(JSON.parse(here.pushpool("show", "mine", "--json").stdout)).toMatchObject({ run: { state: { type: "CANCELLED" } } });
});

test("kill -9 of the CLI while it watches: the run continues, and the next command reports its end", async () => {
  const here = placeWith(manifestOf({ "a/b": "sh -c 'echo up; sleep 1; echo down; exit 7'" }));
  const child = here.start("run", "a/b", "--flow-run-name", "mine");
  const heard = listen(child);
  await until(() => heard.stdout().includes("up"));
  child.kill("SIGKILL");
  await heard.ended;
  const { status, stdout } = here.pushpool("wait", "mine");
  expect([status, stdout]).toEqual([1, "up\ndown\n"]);
});

test("a closed reader does not crash it", async () => {
  const here = placeWith(manifestOf({ "a/b": "sh -c 'i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done'" }));
  here.pushpool("run", "a/b", "--flow-run-name", "mine");
  const child = spawn("sh", ["-c", `"${process.execPath}" "${bin}" logs mine | head -n 1`], {
    cwd: here.folder,
    env: here.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const heard = listen(child);
  await heard.ended;
  expect([heard.stdout(), heard.stderr()]).toEqual(["line 0\n", ""]);
});

test("two CLIs at once never exceed the pool's limit; the waiting one says so and then continues", async () => {
  const here = placeWith(manifestOf({ "a/b": "sh -c 'sleep 1'" }, { pool: { concurrencyLimit: 1 } }));
  const children = [1, 2, 3].map((n) => listen(here.start("run", "a/b", "--flow-run-name", `run-${n}`, "--json")));
  expect(await Promise.all(children.map(({ ended }) => ended))).toEqual([0, 0, 0]);
  const spans = children.map(({ stdout }) => {
    const { run } = JSON.parse(stdout().trim().split("\n").at(-1) as string) as { run: { startedAt: string; endedAt: string } };
    return [Date.parse(run.startedAt), Date.parse(run.endedAt)] as const;
  });
  spans.sort(([a], [b]) => a - b);
  for (let n = 1; n < spans.length; n++) expect(spans[n]?.[0]).toBeGreaterThanOrEqual((spans[n - 1]?.[1] ?? 0) - 5);
  expect(children.map(({ stdout }) => stdout()).join("")).toMatch(/AwaitingConcurrencySlot/);
});

test("a paused pool: --detach says that the run waits, and why", () => {
  const here = placeWith(manifestOf({ "a/b": "true" }, { pool: { isPaused: true } }));
  const { status, stderr } = here.pushpool("run", "a/b", "--detach", "--flow-run-name", "mine");
  expect([status, stderr]).toEqual([
    0,
    expect.stringMatching(/not submitted yet: work pool "local" is paused\. `pushpool wait .*` submits it as soon as possible/),
  ]);
  expect(here.pushpool("wait", "mine", "--timeout", "200ms").status).toBe(4);
  expect(here.pushpool("cancel", "mine").status).toBe(0);
});
