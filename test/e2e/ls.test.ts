import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { manifestOf, placeWith } from "./pushpool";
import { onTerminal, terminalTest } from "./terminal";

// `pushpool ls`: unknown names, several states, and narrow terminals.

const manifest = manifestOf({ "hello/prod": "true", "hello/bad": "sh -c 'exit 3'" });

test.each([
  [["--pool", "locl"], '--pool "locl": there is no work pool of that name: did you mean "local"?'],
  [
    ["--deployment", "hello/prd"],
    '--deployment "hello/prd": there is no deployment of that name: did you mean "hello/prod" or "hello/bad"?',
  ],
  [["--all-stacks", "--pool", "zzz"], '--pool "zzz": there is no work pool of that name: there is "local"'],
  [["-s", "data/dv"], '--stack "data/dv": there is no stack of that name: did you mean "data/dev"?'],
  [["--state", "RUNING"], '--state "RUNING": is not a state type: did you mean "RUNNING"'],
])("ls %j reports the unknown name, before and after the first run", (args, message) => {
  const here = placeWith(manifest);
  for (const _ of ["before", "after"]) {
    const { status, stdout, stderr } = here.pushpool("ls", ...args);
    // Without a run or a record of it, no stack is known.
    const expected = _ === "before" && args[0] === "-s" ? "there is no stack of that name" : message;
    expect([status, stdout, stderr]).toEqual([2, "", expect.stringContaining(expected)]);
    here.pushpool("run", "hello/prod");
  }
  const json = here.pushpool("ls", ...args, "--json");
  expect([json.status, JSON.parse(json.stderr)]).toEqual([2, { error: { message: expect.stringContaining(message), exitCode: 2 } }]);
});

test("known names without runs yet: exit code 0, and which were searched", () => {
  const here = placeWith(manifest);
  expect(here.pushpool("ls")).toEqual({ status: 0, stdout: "", stderr: "no flow runs in any stack\n" });
  expect(here.pushpool("ls", "--pool", "local", "--state", "running", "--state", "PENDING")).toEqual({
    status: 0,
    stdout: "",
    stderr: 'no flow runs on work pool "local" in state RUNNING or PENDING in any stack\n',
  });
});

test("several --state are combined", () => {
  const here = placeWith(manifest);
  here.pushpool("run", "hello/prod");
  here.pushpool("run", "hello/bad");
  const states = (...given: string[]) => {
    const { runs } = JSON.parse(here.pushpool("ls", "--json", ...given.flatMap((state) => ["--state", state])).stdout) as {
      runs: { state: { type: string } }[];
    };
    return runs.map(({ state }) => state.type).sort();
  };
  expect([states("FAILED"), states("FAILED", "COMPLETED"), states("FAILED", "RUNNING")]).toEqual([
    ["FAILED"],
    ["COMPLETED", "FAILED"],
    ["FAILED"],
  ]);
});

terminalTest("at 40 columns no id is cut, neither in tables nor in a run's messages", () => {
  const here = placeWith(manifest);
  here.env.TERMINAL_COLUMNS = "40";
  const lines = (...args: string[]) => stripVTControlCharacters(onTerminal(here, args, []).screen).split(/\r?\n/);
  const said = lines("run", "hello/prod", "--flow-run-name", "mine");
  const { runs } = JSON.parse(here.pushpool("ls", "--json").stdout) as { runs: { id: string }[] };
  const id = runs[0]?.id as string;
  // The submission is JSON, which is not split into lines.
  for (const screen of [said, lines("ls"), lines("show", "mine")]) {
    const withId = screen.filter((line) => line.includes(id) && !/"|\/1@/.test(line));
    expect(withId.length).toBeGreaterThan(0);
    for (const line of withId) expect((line.indexOf(id) % 40) + id.length).toBeLessThanOrEqual(40);
  }
  // Its first line names the manifest by its path.
  expect(
    lines("pools")
      .slice(1)
      .every((line) => line.length <= 40),
  ).toBe(true);
});

terminalTest("a CI job's terminal gets plain lines: no spinner, no colours, no cursor movement", () => {
  const { env, ...here } = placeWith(manifestOf({ "hello/slow": "sh -c 'echo one; sleep 0.5'" }));
  const { NO_COLOR: _, ...rest } = env;
  const { status, screen } = onTerminal({ ...here, env: { ...rest, CI: "true" } }, ["run", "hello/slow"], []);
  expect(status).toBe(0);
  expect(screen).toContain("COMPLETED");
  expect(screen).toBe(stripVTControlCharacters(screen));
  expect(screen).not.toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]|\r(?!\n)/);
});
