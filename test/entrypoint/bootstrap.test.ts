import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { split } from "shlex";
import { describe, expect, test } from "vitest";
import { entrypointCommand, UNFIT } from "../../src/entrypoint";
import type { Json, JsonObject } from "../../src/json";
import { scratch } from "../scratch";
import { noPython } from "./python";

const fixtures = join(__dirname, "..", "fixtures", "entrypoint");

/** Run an entrypoint like a target: the command is split into words, and everything else is in the environment. */
function run(entrypoint: string, parameters: JsonObject = {}, { cwd = fixtures, steps = [] as Json[], more = {} } = {}) {
  const { command, env } = entrypointCommand(entrypoint, { poolType: "process:push", pullSteps: steps });
  const [program = "", ...args] = split(command);
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...more, ...env, PUSHPOOL_PARAMETERS: JSON.stringify(parameters) },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("the command and environment", () => {
  const { command, env } = entrypointCommand("flows.py:hello", { poolType: "ecs:push", pullSteps: [{}] });

  test("the command is the same for every run and has no characters that are special to a shell", () => {
    expect(split(command).slice(0, 2)).toEqual(["python3", "-uc"]);
    expect(command.length).toBeLessThan(200);
    expect(Object.keys(env)).toEqual(["PUSHPOOL_BOOTSTRAP", "PUSHPOOL_ENTRYPOINT", "PUSHPOOL_PULL_STEPS"]);
  });

  test("they leave room for parameters in the 8192 characters of overrides that ECS allows", () => {
    expect(command.length + JSON.stringify(env).length).toBeLessThan(6500);
  });

  test("another Python can be named by a path with a space", () => {
    const [program] = split(entrypointCommand("a:b", { poolType: "process:push", python: "/my env/bin/python" }).command);
    expect(program).toBe("/my env/bin/python");
  });
});

describe.skipIf(noPython)("with python3", () => {
  test.each<[string, JsonObject, number, string, string]>([
    ["jobs.py:hello", { name: "Ada", times: 2 }, 0, "Hello, Ada!\nHello, Ada!\n", "jobs.py:hello returned 'Ada'\n"],
    ["./jobs.py:hello", {}, 0, "Hello, world!\n", "./jobs.py:hello returned 'world'\n"],
    ["jobs.hello", {}, 0, "Hello, world!\n", "jobs.hello returned 'world'\n"],
    ["jobs:hello", {}, 0, "Hello, world!\n", "jobs:hello returned 'world'\n"],
    ["jobs.py:later", { n: 1 }, 0, "", "jobs.py:later returned 2\n"],
    ["jobs.py:numbers", {}, 0, "begun\ndone\n", ""],
    ["jobs.py:exits", { code: 7 }, 7, "", ""],
    ["jobs.py:exits", { code: "gone" }, 1, "", "gone\n"],
    ["jobs.py:positional", { a: 1, b: 2, z: 4 }, 0, "", "jobs.py:positional returned [1, 2, 3, {'z': 4}]\n"],
    ["jobs.py:Holder.inner", { n: 4 }, 0, "", "jobs.py:Holder.inner returned 4\n"],
    ["jobs:Holder.of_class", {}, 0, "", "jobs:Holder.of_class returned 'Holder'\n"],
    ["jobs.py:big", {}, 0, "", `jobs.py:big returned '${"x".repeat(1999)}… (5002 characters)\n`],
    ["jobs.py:unprintable", {}, 0, "", "jobs.py:unprintable returned a Unprintable that has no repr (not me)\n"],
    ["jobs.py:where", {}, 0, "", "jobs.py:where returned ['entrypoint', 'jobs', 'jobs.py', False]\n"],
  ])("%s %j", (entrypoint, parameters, status, stdout, stderr) => expect(run(entrypoint, parameters)).toEqual({ status, stdout, stderr }));

  test.each<[string, Json, string]>([
    ["n", 3, "3"],
    ["n", "3", "3"],
    ["n", 3.0, "3"],
    ["f", "1e3", "1000.0"],
    ["b", "yes", "True"],
    ["b", 1, "True"],
    ["s", "a", "'a'"],
    ["day", "2024-02-29", "datetime.date(2024, 2, 29)"],
    ["day", "2024-02-29T00:00:00Z", "datetime.date(2024, 2, 29)"],
    ["at", "2024-02-29T01:02:03Z", "datetime.datetime(2024, 2, 29, 1, 2, 3, tzinfo=datetime.timezone.utc)"],
    ["at", "2024-02-29T01:02:03.5", "datetime.datetime(2024, 2, 29, 1, 2, 3, 500000)"],
    ["at", "2024-02-29", "datetime.datetime(2024, 2, 29, 0, 0)"],
    ["at", 60, "datetime.datetime(1970, 1, 1, 0, 1, tzinfo=datetime.timezone.utc)"],
    ["span", 90, "datetime.timedelta(seconds=90)"],
    ["span", "P1DT2H", "datetime.timedelta(days=1, seconds=7200)"],
    ["span", "-1:30", "datetime.timedelta(days=-1, seconds=81000)"],
    ["span", "2 days, 0:00:01.5", "datetime.timedelta(days=2, seconds=1, microseconds=500000)"],
    ["id", "12345678-1234-5678-1234-567812345678", "UUID('12345678-1234-5678-1234-567812345678')"],
    ["path", "/srv/x", "PosixPath('/srv/x')"],
    ["money", "1.10", "Decimal('1.10')"],
    ["money", 1.1, "Decimal('1.1')"],
    ["colour", "red", "<Colour.RED: 'red'>"],
    ["colour", 2, "<Colour.BLUE: 2>"],
    ["point", { x: "1", y: 2 }, "Point(x=1, y=2.0, line=[])"],
    ["points", { a: [{ x: 1, line: [{ x: 2 }] }] }, "{'a': [Point(x=1, y=None, line=[Point(x=2, y=None, line=[])])]}"],
    ["options", { depth: "2", more: 1 }, "{'depth': 2, 'more': 1}"],
    ["pair", [1, "a"], "(1, 'a')"],
    ["many", [1, "2", 3], "(1, 2, 3)"],
    ["unique", [1, 1], "{1}"],
    ["maybe", "2024-01-01", "datetime.date(2024, 1, 1)"],
    ["either", "1", "'1'"],
    ["either", 1, "1"],
    ["one", 3, "3"],
    ["thing", { a: [1] }, "{'a': [1]}"],
    ["plain", "2024-01-01", "'2024-01-01'"],
    ["own", "as it is", "'as it is'"],
  ])("parameter %s of %j arrives as %s", (name, value, expected) => {
    expect(run("jobs.py:types", { [name]: value })).toEqual({ status: 0, stdout: `${expected}\n`, stderr: "" });
  });

  test.each<[string, JsonObject, RegExp]>([
    ["jobs.py:hello", { nam: 1 }, /it has no parameter nam: its parameters are name, times/],
    ["jobs.py:numbers", { n: 1 }, /its parameters are none/],
    ["jobs.py:later", {}, /parameter n is missing/],
    ["jobs.py:positional", { a: 1 }, /parameter b is missing/],
    ["jobs.py:hello", { name: 5 }, /parameter name must be str \(given: 5\)/],
    ["jobs.py:hello", { times: 1.5 }, /parameter times must be int \(given: 1\.5\)/],
    ["jobs.py:hello", { times: null }, /parameter times must be int \(given: null\)/],
    ["jobs.py:types", { b: "perhaps" }, /parameter b must be bool/],
    ["jobs.py:types", { day: "2024-02-30" }, /parameter day must be date \(given: "2024-02-30"\)/],
    ["jobs.py:types", { day: "2024-02-28T10:00:00" }, /parameter day must be date/],
    ["jobs.py:types", { at: "noon" }, /parameter at must be datetime/],
    ["jobs.py:types", { span: "PT" }, /parameter span must be timedelta/],
    ["jobs.py:types", { id: "5" }, /parameter id must be UUID/],
    ["jobs.py:types", { money: "much" }, /parameter money must be Decimal/],
    ["jobs.py:types", { colour: "green" }, /parameter colour must be one of 'red', 2 \(given: "green"\)/],
    ["jobs.py:types", { point: { y: 1 } }, /parameter point is not a valid Point: .*'x'/],
    ["jobs.py:types", { point: {} }, /parameter point is not a valid Point/],
    ["jobs.py:types", { point: [1] }, /parameter point must be Point/],
    ["jobs.py:types", { points: { a: [{ x: 1 }, { x: 1, z: 2 }] } }, /parameter points\.a\[1\] has no z/],
    ["jobs.py:types", { options: {} }, /parameter options needs depth/],
    ["jobs.py:types", { pair: [1] }, /parameter pair must have 2 items, not 1/],
    ["jobs.py:types", { pair: "ab" }, /parameter pair must be Tuple\[int, str\]/],
    ["jobs.py:types", { unique: ["a"] }, /parameter unique\[0\] must be int/],
    ["jobs.py:types", { maybe: "never" }, /parameter maybe must be date/],
    ["jobs.py:types", { either: [] }, /parameter either must be Union\[int, str\]/],
    ["jobs.py:types", { one: "c" }, /parameter one must be one of 'a', 'b', 3/],
    ["jobs.py:types", { nothing: 0 }, /parameter nothing must be /],
    ["none.py:hello", {}, /there is no file none\.py in \/.*\/entrypoint$/],
    ["nopkg.mod.hello", {}, /there is no module nopkg \(looked in \//],
    ["jobs.mod.hello", {}, /there is no module jobs\.mod/],
    ["jobs.py:helo", {}, /there is no helo in jobs\.py: did you mean hello\?/],
    ["jobs.py:Holder.outer", {}, /there is no outer in jobs\.py/],
    ["jobs.py:constant", {}, /constant must be a function, not int/],
  ])("%s %j is refused with one line", (entrypoint, parameters, message) => {
    const { status, stdout, stderr } = run(entrypoint, parameters);
    expect([status, stdout]).toEqual([UNFIT, ""]);
    expect(stderr.startsWith(`${entrypoint}: `)).toBe(true);
    expect(stderr.trim()).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test.each(["jobs.py:fails", "jobs.py:fails_later", "jobs.fails"])("%s: the traceback begins in the flow's own code", (entrypoint) => {
    const { status, stderr } = run(entrypoint);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Traceback \(most recent call last\):\n {2}File ".*\/jobs\.py", line \d+, in fails/);
    expect(stderr).toMatch(/json\.decoder\.JSONDecodeError: .*\n$/);
    expect(stderr).not.toMatch(/<string>|asyncio/);
  });

  test("code that fails during the import prints its own traceback, which names the missing module", () => {
    const cwd = scratch();
    writeFileSync(join(cwd, "broken.py"), "import not_installed\ndef f(): pass\n");
    for (const entrypoint of ["broken.py:f", "broken.f"]) {
      const { status, stderr } = run(entrypoint, {}, { cwd });
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /^Traceback.*\n {2}File ".*broken\.py", line 1, in <module>[\s\S]*ModuleNotFoundError: No module named 'not_installed'\n$/,
      );
    }
  });

  test("imports from the flow's folder, from the working directory, and relative imports work", () => {
    const cwd = scratch();
    mkdirSync(join(cwd, "flows"));
    writeFileSync(join(cwd, "top.py"), "a = 1\n");
    writeFileSync(join(cwd, "flows", "near.py"), "b = 2\n");
    writeFileSync(join(cwd, "flows", "json.py"), "import top, near\nfrom .near import b\ndef f(): return [top.a, near.b, b, __name__]\n");
    expect(run("flows/json.py:f", {}, { cwd }).stderr).toBe("flows/json.py:f returned [1, 2, 2, '__pushpool_flow__']\n");
  });

  describe("pull steps", () => {
    const goTo = (directory: string) => ({ "prefect.deployments.steps.set_working_directory": { directory } });

    test("set_working_directory alone does not need Prefect", () => {
      const cwd = scratch();
      mkdirSync(join(cwd, "sub"));
      cpSync(join(fixtures, "jobs.py"), join(cwd, "sub", "jobs.py"));
      expect(run("jobs.py:where", {}, { cwd, steps: [goTo("sub"), {}] })).toMatchObject({
        status: 0,
        stderr: expect.stringMatching(/returned \['sub'/),
      });
      expect(run("jobs.py:where", {}, { cwd: fixtures, steps: [goTo(cwd), goTo("sub")] })).toMatchObject({
        status: 0,
        stderr: expect.stringMatching(/\['sub'/),
      });
    });

    test("a missing folder is refused", () => {
      const { status, stderr } = run("jobs.py:hello", {}, { steps: [goTo("/not/there")] });
      expect([status, stderr]).toEqual([UNFIT, expect.stringMatching(/pull step set_working_directory: \/not\/there: No such file/)]);
    });

    test("any other step is refused without Prefect", () => {
      // This machine may have Prefect.
      const none = scratch();
      writeFileSync(join(none, "prefect.py"), "raise ImportError('none here')\n");
      const steps = [{ "prefect.deployments.steps.git_clone": { repository: "x" } }];
      const { status, stderr } = run("jobs.py:hello", {}, { steps, more: { PYTHONPATH: none } });
      expect([status, stderr]).toEqual([UNFIT, expect.stringMatching(/its pull steps need Prefect, which is not installed \(none here\)/)]);
    });
  });
});
