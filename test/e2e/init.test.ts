import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { findProgram } from "../../src/findProgram";
import { checkYaml } from "../plugin/otherLanguages";
import { pulumiVenv } from "../pulumiVenv";
import { scratch } from "../scratch";
import { type Place, place } from "./pushpool";

const repo = join(__dirname, "..", "..");

/** A folder whose commands find an `npm` that records its arguments, instead of the real one. */
function folder(files: Record<string, string> = {}): Place & { asked(): string } {
  const made = place();
  const bin = scratch();
  writeFileSync(join(bin, "npm"), `#!/bin/sh\necho "$PWD: $*" >> ${join(bin, "asked")}\nexit \${NPM_STATUS:-0}\n`);
  chmodSync(join(bin, "npm"), 0o755);
  made.env.PATH = `${bin}${delimiter}${process.env.PATH}`;
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(made.folder, path, ".."), { recursive: true });
    writeFileSync(join(made.folder, path), text);
  }
  return { ...made, asked: () => (existsSync(join(bin, "asked")) ? readFileSync(join(bin, "asked"), "utf8") : "") };
}

/** Prepare a project as `npm install` does: pushpool is this checkout. */
function install({ folder: at }: Place): void {
  mkdirSync(join(at, "node_modules", "@pulumi"), { recursive: true });
  symlinkSync(repo, join(at, "node_modules", "pushpool"));
  symlinkSync(join(repo, "node_modules", "@pulumi", "pulumi"), join(at, "node_modules", "@pulumi", "pulumi"));
}

test("in an empty folder: a project that can be created, deployed and run unchanged", () => {
  const here = folder();
  const made = here.pushpool("init");
  expect(made).toMatchObject({ status: 0, stdout: "  npx pushpool up\n  npx pushpool deploy --all\n  npx pushpool run hello/local\n" });
  expect(readdirSync(here.folder).sort()).toEqual([".gitignore", "Pulumi.yaml", "flows", "index.js", "package.json", "prefect.yaml"]);
  expect(here.asked()).toBe(`${here.folder}: install --no-audit --no-fund --loglevel=error\n`);
  install(here);
  expect(here.pushpool("up", "--engine", "offline", "--yes").status).toBe(0);
  expect(here.pushpool("deploy", "--all")).toMatchObject({ status: 0, stdout: "  + hello/local (work pool local)\n" });
  expect(here.pushpool("run", "hello/local")).toMatchObject({ status: 0, stdout: "Hello, Ada!\n" });
});

test("--language python: a project for uv that can be created, deployed and run unchanged", async () => {
  const here = folder();
  const made = here.pushpool("init", "--language", "python");
  expect(made).toMatchObject({
    status: 0,
    stdout: "  uv sync\n  npx pushpool up\n  npx pushpool deploy --all\n  npx pushpool run hello/local\n",
  });
  expect(made.stderr).toMatch(/^you need uv/m);
  const files = [".gitignore", "Pulumi.yaml", "__main__.py", "flows", "package.json", "prefect.yaml", "pyproject.toml"];
  expect(readdirSync(here.folder).sort()).toEqual(files);
  install(here);
  // As `uv sync` leaves it: an environment with the packages of pyproject.toml.
  const [, sdk = ""] = /pulumi-pushpool = \{ path = "(.*)" \}/.exec(readFileSync(join(here.folder, "pyproject.toml"), "utf8")) ?? [];
  here.env.PYTHONPATH = join(here.folder, sdk);
  here.env.PATH = `${here.env.PATH?.split(delimiter)[0]}${delimiter}/usr/bin${delimiter}/bin`;
  symlinkSync(await pulumiVenv(), join(here.folder, ".venv"));
  expect(here.pushpool("up", "--engine", "offline", "--yes")).toMatchObject({ status: 0 });
  expect(here.pushpool("pools").stdout).toContain("local");
  expect(here.pushpool("deploy", "--all")).toMatchObject({ status: 0, stdout: "  + hello/local (work pool local)\n" });
  expect(here.pushpool("run", "hello/local")).toMatchObject({ status: 0, stdout: "Hello, Ada!\n" });
});

const uv = findProgram("uv", process.env);
if (uv === undefined) console.warn("SKIPPED: no `uv` on PATH, so it did not make the environment of a new project");

// uv installs the packages of the program from the registry that it is configured with.
test.skipIf(uv === undefined)("--language python: after `uv sync` the project is ready", () => {
  const here = folder();
  expect(here.pushpool("init", "--language", "python").status).toBe(0);
  install(here);
  const synced = spawnSync(String(uv), ["sync", "--quiet"], { cwd: here.folder, env: here.env, encoding: "utf8" });
  expect([synced.status, synced.stderr]).toEqual([0, ""]);
  expect(here.pushpool("up", "--engine", "offline", "--yes")).toMatchObject({ status: 0 });
  expect(here.pushpool("up", "--engine", "offline", "--yes").stderr).toMatch(/no changes/);
  expect(here.pushpool("deploy", "--all")).toMatchObject({ status: 0 });
  expect(here.pushpool("run", "hello/local")).toMatchObject({ status: 0, stdout: "Hello, Ada!\n" });
});

test.each(["local", "gcp", "aws", "azure"])("--language yaml %s: a project file that is the program", (kind) => {
  const here = folder({ "prefect.yaml": YAML });
  here.env.POOL = "big-pool";
  const made = here.pushpool("init", kind, "--language", "yaml", "--no-install");
  expect(made.status).toBe(0);
  if (kind === "local") expect(made.stderr).not.toMatch(/^you need/m);
  else expect(made.stderr).toMatch(/^you need the Pulumi CLI/m);
  checkYaml(readFileSync(join(here.folder, "Pulumi.yaml"), "utf8"));
});

test("an unknown language is refused, and nothing is written", () => {
  const here = folder();
  expect(here.pushpool("init", "--language", "pyhton")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/--language "pyhton": .*python/),
  });
  expect(readdirSync(here.folder)).toEqual([]);
});

test.each([
  [["gcp", "--credentials", "keyless"], /--credentials "keyless": must be one of key, federated, ambient/],
  [["local", "--credentials", "ambient"], /--credentials is for gcp, aws and azure: a pool on this machine needs no login/],
])("%j is refused, and nothing is written", (args, message) => {
  const here = folder();
  expect(here.pushpool("init", ...args)).toMatchObject({ status: 2, stderr: expect.stringMatching(message) });
  expect(readdirSync(here.folder)).toEqual([]);
});

const YAML = `deployments:
- name: nightly
  entrypoint: etl.py:load
  work_pool: { name: "{{ $POOL }}", work_queue_name: fast }
- name: hourly
  entrypoint: etl.py:load
  work_pool: { name: other-pool }
- name: without
  entrypoint: etl.py:load
`;

test("beside a prefect.yaml: its work pools and queues; the file stays byte for byte", () => {
  const here = folder({ "prefect.yaml": YAML, "etl.py": "def load():\n    print('loaded')\n" });
  here.env.POOL = "big pool";
  const made = here.pushpool("init", "local", "--json");
  expect(JSON.parse(made.stdout)).toMatchObject({
    files: ["Pulumi.yaml", "index.js", "package.json", ".gitignore"],
    pools: ["big pool", "other-pool"],
    next: ["npx pushpool up", "npx pushpool deploy --all", "npx pushpool run load/nightly"],
    notes: [expect.stringMatching(/^prefect\.yaml is not changed; give without a work pool there:\n {4}work_pool:\n {6}name: big pool$/)],
  });
  expect(readFileSync(join(here.folder, "prefect.yaml"), "utf8")).toBe(YAML);
  install(here);
  expect(here.pushpool("up", "--engine", "offline", "--yes").status).toBe(0);
  const deployed = here.pushpool("deploy", "--all");
  expect([deployed.status, deployed.stdout]).toEqual([
    2,
    "  + load/nightly (work pool big pool)\n  + load/hourly (work pool other-pool)\n",
  ]);
  expect(deployed.stderr).toMatch(/without: work_pool\.name is missing: name the work pool for its runs; .* has big pool, other-pool/);
  expect(deployed.stderr).not.toMatch(/declares no queue/);
  expect(here.pushpool("run", "load/nightly")).toMatchObject({ status: 0, stdout: "loaded\n" });
});

test("an existing package.json stays, and the message says what it lacks", () => {
  const here = folder({ "package.json": "{}" });
  const { status, stderr } = here.pushpool("init");
  expect([status, stderr]).toEqual([
    0,
    expect.stringMatching(/package\.json already exists: .*`npm install pushpool@\S+ @pulumi\/pulumi@\S+`/),
  ]);
  expect([readFileSync(join(here.folder, "package.json"), "utf8"), here.asked()]).toEqual(["{}", ""]);
});

test.each([
  [
    "gcp",
    /^ {2}pulumi login\n {2}gcloud auth application-default login\n.*\n {2}pulumi stack init dev\n {2}pulumi config set gcp:project/m,
  ],
  [
    "azure",
    /^ {2}az login\n {2}az provider register --namespace Microsoft\.ContainerInstance\n {2}pulumi stack init dev\n {2}pulumi config set azure-native:subscriptionId/m,
  ],
  ["aws", /^ {2}pulumi login\n {2}pulumi stack init dev\n {2}pulumi config set aws:region/m],
])("%s: the next steps lead from nothing to a run", (kind, steps) => {
  const { status, stdout, stderr } = folder().pushpool("init", kind);
  expect([status, stdout]).toEqual([0, expect.stringMatching(steps)]);
  expect(stdout).toMatch(new RegExp(`\\n {2}npx pushpool up\\n {2}npx pushpool deploy --all\\n {2}npx pushpool run hello/${kind}\\n$`));
  expect(stderr).toMatch(/^you need the Pulumi CLI/m);
});

test("before npm install, up, preview, refresh and destroy say that in one line", () => {
  const here = folder();
  expect(here.pushpool("init").status).toBe(0);
  for (const verb of ["up", "preview", "refresh", "destroy"]) {
    const { status, stderr } = here.pushpool(verb, "--engine", "offline");
    expect([status, stderr]).toEqual([
      2,
      `pushpool: the packages of ${here.folder} are not installed (@pulumi/pulumi, pushpool): run \`npm install\` there\n`,
    ]);
  }
});

test("if npm fails, the message says what to do; --no-install leaves it to the user", () => {
  const failing = folder();
  failing.env.NPM_STATUS = "1";
  expect(failing.pushpool("init")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^ {2}npm install$/m),
    stderr: expect.stringMatching(/npm install failed: it printed no message/),
  });
  const without = folder();
  expect(without.pushpool("init", "--no-install")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ {2}npm install$/m) });
  expect(without.asked()).toBe("");
});

test.each([
  [
    "a Pulumi project",
    { "Pulumi.yaml": "name: x\n" },
    [],
    /Pulumi\.yaml already exists, and init does not overwrite files: declare pools in its program/,
  ],
  ["an index.js", { "index.js": "" }, [], /index\.js already exists, and init does not overwrite files/],
  ["an invalid prefect.yaml", { "prefect.yaml": "deployments:\n- {{ x }}\n" }, [], /prefect\.yaml:2:4: /],
  [
    "two lock files",
    { "prefect.yaml": "deployments: []\n", "uv.lock": "", "poetry.lock": "" },
    ["gcp"],
    /uv\.lock and poetry\.lock both exist, .*: delete the one that the project does not use/,
  ],
  [
    "a broken Dockerfile",
    { "prefect.yaml": "deployments: []\n", Dockerfile: "FORM a\n" },
    ["aws"],
    /Dockerfile is invalid: line 1: unknown/,
  ],
  ["an unknown kind", {}, ["gpc"], /init "gpc": did you mean "gcp"\?/],
])("%s: one message, exit 2, nothing written", (_, files, args, message) => {
  const here = folder(files);
  expect(here.pushpool("init", ...args)).toMatchObject({ status: 2, stderr: expect.stringMatching(message) });
  expect(readdirSync(here.folder).sort()).toEqual(Object.keys(files).sort());
});
