import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import type { StepReport } from "../../src/buildSteps";
import type { JsonObject } from "../../src/json";
import { describePrefect } from "../prefect/python";
import { prefectVenv } from "../prefect/venv";
import { scratch } from "../scratch";
import { until } from "../until";
import { listen, manifestOf, type Place, placeWith } from "./pushpool";

// `pushpool deploy` with the built CLI, and build steps in a Python that has the real Prefect.

/** The test's own steps, beside the prefect.yaml. Each call leaves a line in the file "calls". */
const STEPS = `
import os, subprocess, sys, time
def note(what):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "calls"), "a") as file:
        file.write(what + "\\n")
def tag(value="1.0"):
    note("tag " + value)
    print("tagging", value)
    return {"value": value, "number": 7, "nested": {"list": [value]}}
def nothing():
    note("nothing")
def leak(token, url=""):
    print("the token is", token, "and", url)
    os.write(2, ("raw " + token + "\\n").encode())
    return {"seen": token, "region": os.environ["AWS_REGION"]}
def boom():
    raise KeyError("no such thing")
def quits():
    print("leaving")
    sys.stdout.flush()
    os._exit(9)
def hangs():
    child = subprocess.Popen(["sleep", "600"])
    note("%d %d" % (os.getpid(), child.pid))
    print("hanging", flush=True)
    time.sleep(600)
`;

const FLOWS = "def hello(name: str = 'world', n: int = 1):\n    print(name)\n";
const BLOCKS = { "secret/token": { data: { value: "hush-hush-hush" } } };

const deployment = (name: string, steps: string, more = "") =>
  `- name: ${name}\n  entrypoint: flows.py:hello\n${steps}  work_pool:\n    name: local\n${more}`;

describePrefect("build and push steps with Prefect", () => {
  vi.setConfig({ testTimeout: 300_000 });
  let venv: string;
  beforeAll(async () => {
    venv = await prefectVenv();
  }, 600_000);

  const folder = (yaml: string, env: NodeJS.ProcessEnv = {}): Place => {
    const place = placeWith({ ...manifestOf({}), blocks: BLOCKS, variables: { channel: "beta" } });
    Object.assign(place.env, { VIRTUAL_ENV: venv, AWS_REGION: "eu-central-1", ...env });
    writeFileSync(join(place.folder, "flows.py"), FLOWS);
    writeFileSync(join(place.folder, "own_steps.py"), STEPS);
    writeFileSync(join(place.folder, "prefect.yaml"), yaml);
    return place;
  };
  const calls = ({ folder: at }: Place) =>
    existsSync(join(at, "calls")) ? readFileSync(join(at, "calls"), "utf8").trim().split("\n") : [];
  const stored = (place: Place): Record<string, JsonObject> =>
    Object.fromEntries(
      (JSON.parse(place.pushpool("deployments", "--json").stdout).deployments as (JsonObject & { name: string })[]).map((one) => [
        one.name,
        one,
      ]),
    );

  test("run before anything is written, once for deployments that share them; a failing one ends only its own deployments", () => {
    const repository = scratch();
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { cwd: repository, stdio: "pipe" });
    git("init", "--quiet", "-b", "main");
    writeFileSync(join(repository, "version.txt"), "5.1");
    git("add", ".");
    git("commit", "--quiet", "-m", "one");
    const shell = "prefect.deployments.steps.run_shell_script";
    const pushed = `  push:\n  - own_steps.tag: { id: pushed, value: "{{ shared.value }}-{{ prefect.variables.channel }}" }\n`;
    const place = folder(
      `build:
- own_steps.tag: { id: shared, value: "{{ $RELEASE_TAG }}" }
deployments:
${deployment("one", `${pushed}  parameters: { name: '{{ pushed.value }}', n: '{{ shared.number }}' }\n`, "    job_variables: { env: { IMAGE: 'r/app:{{ shared.value }}', GONE: '{{ shared.none }}' } }\n")}
${deployment("two", `${pushed}  tags: ['{{ shared.nested.list[0] }}']\n`)}
${deployment("cloned", `  build:\n  - prefect.deployments.steps.git_clone: { id: code, repository: "${repository}" }\n  - prefect.deployments.steps.set_working_directory: { directory: "{{ code.directory }}" }\n  - ${shell}: { id: read, script: cat version.txt }\n  version: "{{ read.stdout }}"\n`)}
${deployment("elsewhere", `  build:\n  - ${shell}: { id: where, script: pwd }\n  description: "{{ where.stdout }}"\n`)}
${deployment("leaking", `  build:\n  - own_steps.leak: { id: leak, token: "{{ prefect.blocks.secret.token }}", url: "{{ $DATABASE_URL }}" }\n`)}
${deployment("leaks", `  build:\n  - own_steps.leak: { id: leak, token: "{{ prefect.blocks.secret.token }}" }\n  description: "{{ leak.seen }}"\n`)}
${deployment("silent", "  build: [{ own_steps.nothing: {} }]\n")}
${deployment("module", "  build: [{ no_such_module.step: {} }]\n")}
${deployment("function", "  build: [{ own_steps.no_such: {} }]\n")}
${deployment("requires", "  build: [{ no_such_module.step: { requires: 'no such requirement' } }]\n")}
${deployment("raises", "  build: [{ own_steps.nothing: {} }, { own_steps.boom: {} }, { own_steps.tag: {} }]\n")}
${deployment("quits", "  build: [{ own_steps.quits: {} }]\n")}
${deployment("code", `  build: [{ ${shell}: { script: "bash -c 'echo half; echo oh >&2; exit 7'" } }]\n`)}
${deployment("block", "  build: [{ own_steps.tag: { value: '{{ prefect.blocks.secret.none }}' } }]\n")}
${deployment("two-keys", "  build: [{ own_steps.tag: {}, own_steps.nothing: {} }]\n")}
${deployment("no-inputs", "  build: [{ own_steps.tag: null }]\n")}
${deployment("bad", "  parameters: { n: many }\n  build: [{ own_steps.tag: { value: never } }]\n")}
`,
      { RELEASE_TAG: "v3", DATABASE_URL: "postgres://me:pw@db.example.com/x" },
    );
    const { status, stdout, stderr } = place.pushpool("deploy", "--all", "--json");
    const report = JSON.parse(stdout) as {
      steps: StepReport[];
      problems: { name: string; message: string }[];
      deployments: { name: string; warnings: string[] }[];
    };
    expect([status, Object.keys(stored(place))]).toEqual([
      5,
      ["cloned", "elsewhere", "leaking", "one", "silent", "two"].map((name) => `hello/${name}`),
    ]);
    expect(Object.fromEntries(report.problems.map(({ name, message }) => [name, message]))).toEqual({
      leaks: expect.stringMatching(
        /^description: \{\{ leak\.seen \}\} contains a secret of a block, but deployments are stored in clear text/,
      ),
      module: expect.stringMatching(
        /^build step no_such_module\.step failed: ModuleNotFoundError: No module named 'no_such_module'\. Install no-such-module, or add `requires: no-such-module`/,
      ),
      function: expect.stringMatching(
        /^build step own_steps\.no_such failed: AttributeError: module 'own_steps' has no attribute 'no_such'/,
      ),
      requires: expect.stringMatching(/^build step no_such_module\.step failed: ModuleNotFoundError: No module named 'no_such_module'$/),
      raises: "build step own_steps.boom failed: KeyError: 'no such thing'",
      quits: "build step own_steps.quits failed: the step ended Python with exit code 9",
      code: "build step run_shell_script failed: RuntimeError: `run_shell_script` failed with error code 7: oh",
      block: expect.stringMatching(
        /^build step own_steps\.tag failed: ValueError: there is no block "secret\/none": did you mean "secret\/token"\?/,
      ),
      "two-keys": expect.stringMatching(
        /^build\[0\]: a step has one key, the name of its function, not own_steps\.tag, own_steps\.nothing/,
      ),
      "no-inputs": "build[0].own_steps.tag: must be a mapping of its inputs, such as {}",
      bad: "parameters.n must be integer",
    });
    // "one" and "two" share theirs, "silent" and "raises" the first; nothing of the invalid ones ran.
    expect(calls(place)).toEqual(["tag v3", "tag v3-beta", "nothing"]);

    const { "hello/one": one, "hello/two": two, "hello/cloned": cloned, "hello/elsewhere": elsewhere } = stored(place);
    expect(one).toMatchObject({ parameters: { name: "v3-beta", n: 7 }, workPool: { jobVariables: { env: { IMAGE: "r/app:v3" } } } });
    expect(JSON.stringify(one)).not.toContain("GONE");
    expect(report.deployments.find(({ name }) => name === "hello/one")?.warnings).toContain(
      "work_pool.job_variables: {{ shared.none }} has no value and was left out",
    );
    expect(two).toMatchObject({ tags: ["v3"] });
    expect(cloned).toMatchObject({ version: "5.1" });
    expect(elsewhere).toMatchObject({ description: place.folder });

    // Each line of a step is there, in its order, and nothing secret.
    expect(stderr).toMatch(
      /^build: own_steps\.tag \(shared\) for one, two\ntagging v3\npush: own_steps\.tag \(pushed\) for one, two\ntagging v3-beta\n/m,
    );
    expect(stderr).toMatch(/^build: run_shell_script for code\nhalf\noh\n/m);
    expect(stderr).toMatch(/^the token is \[secret\] and \[secret\]\nraw \[secret\]$/m);
    expect(stderr).toMatch(/^Traceback \(most recent call last\):\n {2}File ".*own_steps\.py", line \d+, in boom\n/m);
    expect(stdout + stderr).not.toMatch(/hush-hush|db\.example/);
    expect(stderr).toContain(`Prefect 3.8.8 of ${join(venv, "bin", "python")} (VIRTUAL_ENV)`);
    const state = (name: string) => report.steps.filter(({ deployments }) => deployments.includes(name)).map((step) => step.state);
    expect([state("one"), state("raises"), state("two-keys")]).toEqual([["ran", "ran"], ["ran", "failed", "left out"], []]);
    expect(report.steps.find(({ id }) => id === "leak")).toMatchObject({ outputs: { seen: "[secret]", region: "eu-central-1" } });
  });

  test("a dry run, --skip-build and --all-or-nothing with an invalid deployment run none", () => {
    const place = folder(
      `build: [{ own_steps.tag: { id: shared } }]\ndeployments:\n${deployment("one", "  parameters: { n: '{{ shared.number }}' }\n  version: '{{ shared.value }}'\n")}${deployment("two", "")}${deployment("bad", "  parameters: { n: many }\n")}`,
    );
    const dry = place.pushpool("deploy", "one", "two", "--dry-run");
    expect(dry).toMatchObject({ status: 0, stderr: expect.stringMatching(/^would run build: own_steps\.tag \(shared\) for one, two$/m) });
    expect(dry.stdout).toContain('"n": "{{ shared.number }}"');
    const json = JSON.parse(place.pushpool("deploy", "one", "--dry-run", "--json").stdout);
    expect(json.steps).toEqual([{ section: "build", step: "own_steps.tag", id: "shared", deployments: ["one"], state: "planned" }]);
    expect(place.pushpool("deploy", "--all", "--all-or-nothing")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/1 invalid deployment in prefect\.yaml; nothing was deployed/),
    });
    expect(place.pushpool("deploy", "two", "--skip-build")).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/stored, but without effect: build and push steps of hello\/two/),
    });
    // A given output replaces its step.
    const given = place.pushpool("deploy", "one", "--step-output", "shared.number=5", "--step-output", "shared.value=2");
    expect(given).toMatchObject({ status: 2, stderr: expect.stringMatching(/one: parameters\.n must be integer/) });
    expect(calls(place)).toEqual([]);
  });

  test("Ctrl-C stops the step and what it has started, and nothing is deployed", async () => {
    const place = folder(`deployments:\n${deployment("quick", "")}${deployment("slow", "  build: [{ own_steps.hangs: {} }]\n")}`);
    const child = place.start("deploy", "--all");
    const seen = listen(child);
    await until(() => seen.stderr().includes("hanging"));
    const [python = 0, sleeper = 0] = (calls(place)[0] ?? "").split(" ").map(Number);
    child.kill("SIGINT");
    expect(await seen.ended).toBe(130);
    expect(seen.stderr()).toMatch(/interrupted: the step has stopped, and nothing was deployed/);
    for (const pid of [python, sleeper]) await until(() => !isRunning(pid));
    expect(stored(place)).toEqual({});
  });
});

/** A process that has ended but was not collected yet is a zombie. */
function isRunning(pid: number): boolean {
  const status = `/proc/${pid}/status`;
  return existsSync(status) && !/^State:\s+Z/m.test(readFileSync(status, "utf8"));
}
