import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import type { StepReport } from "../../src/buildSteps";
import { findProgram } from "../../src/findProgram";
import type { JsonObject } from "../../src/json";
import { type DockerCall, dockerStandIn } from "../buildSteps/dockerStandIn";
import { manifestOf, type Place, placeWith } from "./pushpool";

// `pushpool deploy` with the built CLI on a machine whose Python has no Prefect: the docker CLI builds and pushes. The stand-in on PATH refuses
// what docker refuses.

const BUILD = "prefect_docker.deployments.steps.build_docker_image";
const PUSH = "prefect_docker.deployments.steps.push_docker_image";
const BLOCKS = {
  "docker-registry-credentials/dev": { data: { username: "ada", password: "let-me-push", registry_url: "registry.example.com" } },
  "docker-registry-credentials/wrong": { data: { username: "ada", password: "not-this-one", registry_url: "registry.example.com" } },
};

interface Docker extends Place {
  calls: () => DockerCall[];
}

/** @param programs whether there is a docker on PATH */
function folder(yaml: string, { docker = true } = {}): Docker {
  const place = placeWith({ ...manifestOf({}), blocks: BLOCKS });
  const bin = join(place.folder, "bin");
  mkdirSync(bin);
  const calls = docker ? dockerStandIn(bin) : () => [];
  // A Python without Prefect, and nothing else.
  for (const program of ["python3", "sh"]) symlinkSync(findProgram(program, place.env) as string, join(bin, program));
  place.env.PATH = bin;
  for (const [name, at] of [
    ["HOME", "home"],
    ["TMPDIR", "tmp"],
  ] as const) {
    place.env[name] = join(place.folder, at);
    mkdirSync(place.env[name]);
  }
  delete place.env.VIRTUAL_ENV;
  writeFileSync(join(place.folder, "flows.py"), "def hello(name: str = 'world'):\n    print(name)\n");
  writeFileSync(join(place.folder, "prefect.yaml"), yaml);
  return { ...place, calls };
}

const deployment = (name: string, steps: string) =>
  `- name: ${name}\n  entrypoint: flows.py:hello\n${steps}  work_pool: { name: local, job_variables: { env: { IMAGE: "{{ image }}", ID: "{{ image_id }}" } } }\n`;

const report = ({ stdout }: { stdout: string }) =>
  JSON.parse(stdout) as { steps: StepReport[]; problems: { name: string; message: string }[]; deployments: { name: string }[] };

test("builds and pushes with the same inputs and outputs as prefect_docker; the password and build arguments are in no list of processes", () => {
  const place = folder(
    `prefect-version: 3.4.1
build:
- ${BUILD}: { id: build-image, requires: prefect-docker, image_name: registry.example.com/team/app, tag: "1.0", dockerfile: auto, additional_tags: [latest], platform: linux/amd64, buildargs: { PIP_TOKEN: "{{ $PIP_TOKEN }}" }, nocache: true, labels: { team: data } }
push:
- ${PUSH}: { requires: prefect-docker, image_name: "{{ build-image.image_name }}", tag: "{{ build-image.tag }}", credentials: "{{ prefect.blocks.docker-registry-credentials.dev }}", additional_tags: "{{ build-image.additional_tags }}" }
deployments:
${deployment("one", "")}${deployment("two", "")}`,
  );
  place.env.PIP_TOKEN = "pip-secret-value";
  writeFileSync(join(place.folder, "requirements.txt"), "prefect\n");
  const docker = join(place.env.HOME as string, ".docker");
  mkdirSync(docker, { recursive: true });
  writeFileSync(join(docker, "config.json"), JSON.stringify({ credsStore: "desktop", auths: { "other.example.com": {} } }));
  const ran = place.pushpool("deploy", "--all", "--json");
  expect(ran.status).toBe(0);
  const at = basename(place.folder);
  const [build, login, ...pushes] = place.calls();
  expect(build).toMatchObject({
    args: [
      ...["build", "--iidfile", expect.any(String), "--file", join(place.folder, "Dockerfile")],
      ...["--tag", "registry.example.com/team/app:1.0", "--tag", "registry.example.com/team/app:latest", "--pull"],
      ...["--build-arg", "PIP_TOKEN", "--platform", "linux/amd64", "--no-cache", "--label", "team=data", place.folder],
    ],
    buildArgs: { PIP_TOKEN: "pip-secret-value" },
    dockerfile: expect.stringMatching(
      `^FROM prefecthq/prefect:3\\.4\\.1-python3\\.\\d+\nCOPY requirements\\.txt /opt/prefect/${at}/requirements\\.txt\nRUN python -m pip install -r /opt/prefect/${at}/requirements\\.txt\nCOPY \\. /opt/prefect/${at}/\nWORKDIR /opt/prefect/${at}/\n$`,
    ),
  });
  expect(login).toMatchObject({ args: ["login", "--username", "ada", "--password-stdin", "registry.example.com"], input: "let-me-push" });
  expect(pushes.map(({ args, logins }) => [args, logins])).toEqual(
    ["1.0", "latest"].map((tag) => [
      ["push", `registry.example.com/team/app:${tag}`],
      ["other.example.com", "registry.example.com"],
    ]),
  );
  expect(JSON.stringify(place.calls().map(({ args }) => args))).not.toMatch(/let-me-push|pip-secret-value/);
  // The written Dockerfile and the login are gone.
  expect(existsSync(join(place.folder, "Dockerfile"))).toBe(false);
  expect(JSON.parse(readFileSync(join(docker, "config.json"), "utf8"))).toEqual({
    credsStore: "desktop",
    auths: { "other.example.com": {} },
  });
  expect(readdirSync(place.env.TMPDIR as string)).toEqual([]);
  const outputs = {
    image_name: "registry.example.com/team/app",
    tag: "1.0",
    image: "registry.example.com/team/app:1.0",
    additional_tags: ["latest"],
  };
  expect(report(ran).steps).toMatchObject([
    { state: "ran", id: "build-image", deployments: ["one", "two"], outputs: { ...outputs, image_id: "sha256:abc" } },
    { state: "ran", outputs },
  ]);
  expect(ran.stderr).toMatch(/^build and push steps: .*docker, because no Python has Prefect$/m);
  expect(ran.stderr).toMatch(/^#1 building\n#2 with \[secret\]\n/m);
  const { deployments } = JSON.parse(place.pushpool("deployments", "--json").stdout) as { deployments: JsonObject[] };
  expect(deployments[0]?.workPool).toMatchObject({
    jobVariables: { env: { IMAGE: "registry.example.com/team/app:1.0", ID: "sha256:abc" } },
  });
});

test("what docker refuses fails its deployments, with docker's own output", () => {
  const build = (more: string) => `  build:\n  - ${BUILD}: { image_name: open.example.com/app, ${more} }\n`;
  const push = (more: string) => `${build("tag: ok")}  push:\n  - ${PUSH}: { image_name: open.example.com/app, ${more} }\n`;
  const place = folder(
    `deployments:
${deployment("default-tag", `${build("dockerfile: Good.dockerfile")}`)}
${deployment("tagless", `${build("tag: ok, dockerfile: Good.dockerfile")}  push: [{ ${PUSH}: { image_name: open.example.com/app } }]\n`)}
${deployment("dockerfile", build("tag: a"))}
${deployment("context", build("tag: a, path: nowhere, dockerfile: Good.dockerfile"))}
${deployment("tag", build('tag: "not valid", dockerfile: Good.dockerfile'))}
${deployment("flag", build("tag: a, dockerfile: Good.dockerfile, colour: red"))}
${deployment("like-a-flag", build('tag: a, dockerfile: Good.dockerfile, platform: "--privileged"'))}
${deployment("run", build("tag: a, dockerfile: Bad.dockerfile"))}
${deployment("auto", build("tag: a, dockerfile: auto, path: sub"))}
${deployment("no-name", `  build: [{ ${BUILD}: { tag: a } }]\n`)}
${deployment("denied", `  build: [{ ${BUILD}: { image_name: registry.example.com/app, tag: a, dockerfile: Good.dockerfile } }]\n  push: [{ ${PUSH}: { image_name: registry.example.com/app, tag: a } }]\n`)}
${deployment("password", push('tag: ok, credentials: "{{ prefect.blocks.docker-registry-credentials.wrong }}"').replace("tag: ok }", "tag: ok, dockerfile: Good.dockerfile }"))}
`,
  );
  writeFileSync(join(place.folder, "Good.dockerfile"), "FROM scratch\n");
  writeFileSync(join(place.folder, "Bad.dockerfile"), "FROM scratch\nRUN exit 3\n");
  const ran = place.pushpool("deploy", "--all", "--json");
  const { problems, deployments } = report(ran);
  expect([ran.status, deployments.map(({ name }) => name)]).toEqual([5, ["hello/default-tag", "hello/tagless"]]);
  expect(Object.fromEntries(problems.map(({ name, message }) => [name, message.replace(/^\w+ step \w+ failed: /, "")]))).toEqual({
    dockerfile: expect.stringMatching(/^docker build failed with exit code 1: ERROR: failed to solve: failed to read dockerfile/),
    context: expect.stringMatching(/^docker build failed with exit code 1: ERROR: unable to prepare context: path ".*nowhere" not found$/),
    tag: expect.stringMatching(/invalid tag "open\.example\.com\/app:not valid": invalid reference format$/),
    flag: expect.stringMatching(/^build_docker_image has no input colour that docker build can use: nocache, /),
    "like-a-flag": 'platform must not begin with "-": --privileged',
    run: expect.stringMatching(/^docker build failed with exit code 1: .*exit code: 3$/),
    auto: expect.stringMatching(/^docker build failed with exit code 1: ERROR: unable to prepare context/),
    "no-name": "image_name is missing",
    denied: "docker push failed with exit code 1: denied: requested access to the resource is denied",
    password: expect.stringMatching(/^docker login failed with exit code 1: .*401 Unauthorized$/),
  });
  const tags = place.calls().flatMap(({ args }) => (args.includes("--tag") ? [args[args.indexOf("--tag") + 1] ?? ""] : []));
  expect(tags[0]).toMatch(/^open\.example\.com\/app:\d{4}-\d\d-\d\dt\d\d-\d\d-\d\d-\d{6}-00-00$/);
  expect(place.calls().map(({ args }) => args)).toContainEqual(["push", "--all-tags", "open.example.com/app"]);
  expect(ran.stderr + ran.stdout).not.toContain("not-this-one");
});

test("without Prefect, another step is refused before docker builds, with all ways out; without docker too, both ways are named", () => {
  const steps = `  build:\n  - ${BUILD}: { image_name: open.example.com/app, tag: a, dockerfile: auto }\n  - prefect.deployments.steps.run_shell_script: { id: sha, script: echo 1 }\n`;
  const yaml = `deployments:\n${deployment("mixed", steps)}`;
  const place = folder(yaml);
  const mixed = place.pushpool("deploy");
  expect(mixed.status).toBe(5);
  expect(mixed.stderr).toMatch(
    /mixed: build step run_shell_script \(sha\) needs Prefect, but no Python has Prefect 3: .*python3 \(python3 on PATH\) has no Prefect\. To fix it: install Prefect in the project's environment.*or run the step yourself.*--skip-build and --step-output/,
  );
  expect(place.calls()).toEqual([]);
  const bare = folder(yaml, { docker: false }).pushpool("deploy");
  expect(bare).toMatchObject({
    status: 5,
    stderr: expect.stringMatching(/build_docker_image needs Prefect, .*install docker, which does this step too/),
  });
});

test("PUSHPOOL_PYTHON must be a Python that has Prefect", () => {
  const place = folder(`deployments:\n${deployment("one", "  build: [{ a.b: {} }]\n")}`);
  place.env.PUSHPOOL_PYTHON = "python3";
  expect(place.pushpool("deploy")).toMatchObject({ status: 2, stderr: expect.stringMatching(/PUSHPOOL_PYTHON=python3: has no Prefect: /) });
  place.env.PUSHPOOL_PYTHON = "./nowhere/python";
  expect(place.pushpool("deploy")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/PUSHPOOL_PYTHON=.*: there is no such program/),
  });
  const unused: JsonObject = JSON.parse(place.pushpool("deployments", "--json").stdout);
  expect(unused.deployments).toEqual([]);
});
