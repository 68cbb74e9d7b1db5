import { expect, test } from "vitest";
import { readDockerfile } from "../../src/dockerContext";
import { type InitPlan, planAws, planAzure, planGcp, planLocal } from "../../src/init";
import type { PrefectYaml } from "../../src/prefectYaml";

const YAML = {
  actions: { build: null, push: null, pull: null },
  deployments: [{ config: { name: "prod", work_pool: { name: "etl" } } }],
} as unknown as PrefectYaml;

/** Plan a project beside a prefect.yaml, in a folder with these files. */
function planned(files: Record<string, string>, planner = planGcp, prefectYaml: PrefectYaml | undefined = YAML): InitPlan {
  const read = (name: string) => files[name] ?? "";
  return planner({ folder: "/data", prefectYaml, env: {}, pushpool: "^1", present: Object.keys(files), read });
}

const DOCKERIGNORE = `.git
.venv
node_modules
**/__pycache__
.env
.env.*
Dockerfile
.dockerignore
prefect.yaml
Pulumi.*
index.js
package.json
package-lock.json
`;

const REQUIREMENTS = `# syntax=docker/dockerfile:1
FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1
# Flows need no rights of root.
RUN useradd --create-home --uid 10001 flows
WORKDIR /opt/flows
# The packages are a layer of their own: a changed flow does not install them again.
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip pip install --requirement requirements.txt
COPY . .
USER flows
`;

const UV = `# syntax=docker/dockerfile:1
FROM python:3.13-slim AS packages
COPY --from=ghcr.io/astral-sh/uv:0.8 /uv /bin/
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=0
WORKDIR /opt/flows
# The packages are a layer of their own: a changed flow does not install them again.
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-dev --no-install-project

FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PATH=/opt/flows/.venv/bin:$PATH
ENV PYTHONPATH=/opt/flows/src
# Flows need no rights of root.
RUN useradd --create-home --uid 10001 flows
WORKDIR /opt/flows
COPY --from=packages /opt/flows/.venv .venv
COPY . .
USER flows
`;

test("requirements.txt: the whole Dockerfile, the whole .dockerignore, and the program", () => {
  const { files, needs } = planned({ "requirements.txt": "prefect\n" });
  expect([files.Dockerfile, files[".dockerignore"]]).toEqual([REQUIREMENTS, DOCKERIGNORE]);
  expect(files["index.js"]).toContain("const image = { context: __dirname };\n");
  expect(files["index.js"]).toContain('new CloudRunPushPool("etl", { image }),');
  expect(JSON.parse(files["package.json"] ?? "").dependencies).toHaveProperty("@pulumi/docker-build");
  expect(needs.at(-1)).toBe("Docker, which builds the image of the flows");
});

test("uv.lock, with a Python version and a src folder", () => {
  const { files } = planned({ "uv.lock": "", "pyproject.toml": "", ".python-version": "3.13.2\n", src: "", "requirements.txt": "x\n" });
  expect(files.Dockerfile).toBe(UV);
});

test("poetry.lock", () => {
  const { files } = planned({ "poetry.lock": "", "pyproject.toml": "" });
  expect(files.Dockerfile).toMatch(/pip install "poetry>=2,<3"\n/);
  expect(files.Dockerfile).toMatch(/COPY pyproject\.toml poetry\.lock \.\/\nRUN .* poetry install --only main --no-root\n\nFROM/);
});

test.each(["-r base.txt", "--constraint c.txt", "-e .", "./lib", "file:lib"])(
  "requirements.txt with %s: the file that it names exists",
  (line) => {
    const { files } = planned({ "requirements.txt": `prefect\n${line}\n` });
    expect(files.Dockerfile).toMatch(/COPY \. \.\/\nRUN .*pip install --requirement requirements\.txt\nUSER flows\n$/);
  },
);

test.each<[string, Record<string, string>]>([
  ["requirements.txt", { "requirements.txt": "x" }],
  ["requirements.txt with files", { "requirements.txt": "-r x" }],
  ["uv.lock", { "uv.lock": "", "pyproject.toml": "" }],
  ["poetry.lock", { "poetry.lock": "", "pyproject.toml": "" }],
])("%s: BuildKit reads it, packages come before flows, and it does not run as root", (_, present) => {
  const { stages } = readDockerfile(planned(present).files.Dockerfile ?? "");
  const last = stages.at(-1)?.instructions ?? [];
  expect(last.at(-1)).toMatchObject({ name: "USER", rest: "flows" });
  // No instruction of the image itself, nor of a stage that it comes from, contains a secret or a floating base.
  for (const { base } of stages) expect(base).toMatch(/^python:3\.\d+-slim$/);
  const all = stages.flatMap(({ instructions }) => instructions);
  const installed = all.findIndex(({ name, rest }) => name === "RUN" && /install|sync/.test(rest.replace(/^pip install "poetry.*/, "")));
  expect(installed).toBeGreaterThan(-1);
  expect(all[installed]?.flags.some(([name]) => name === "mount")).toBe(true);
});

test("a Dockerfile stays, and the pools build it", () => {
  const { files } = planned({ Dockerfile: "FROM python:3.12\n", "package.json": "{}" });
  expect([files.Dockerfile, files["index.js"]?.includes("{ image }")]).toEqual([undefined, true]);
  // It may copy any file that was there.
  expect(files[".dockerignore"]).toBe(".git\n.venv\nnode_modules\n**/__pycache__\n.env\n.env.*\nPulumi.*\nindex.js\npackage-lock.json\n");
});

test("a .dockerignore stays, with a note", () => {
  const { files, notes } = planned({ "requirements.txt": "x", ".dockerignore": "a\n" });
  expect([files[".dockerignore"], notes]).toEqual([
    undefined,
    [expect.stringMatching(/^\.dockerignore is not changed: it should name node_modules/)],
  ]);
});

test.each([
  ["python:3.12-slim", true],
  ["prefecthq/prefect:3-latest", false],
  ["docker.io/prefecthq/prefect:3-python3.12 AS base\nFROM base", false],
])("Azure: an image from %s has the entrypoint of Prefect: %s", (base, isBlank) => {
  const { files } = planned({ Dockerfile: `FROM ${base}\n` }, planAzure);
  expect(files["index.js"]?.includes('{ image, jobVariables: { entrypoint: "" } }')).toBe(isBlank);
});

test("AWS: several pools", () => {
  const two = { ...YAML, deployments: ["a", "b"].map((name) => ({ config: { name, work_pool: { name } } })) } as unknown as PrefectYaml;
  const { files } = planned({ "requirements.txt": "x" }, planAws, two);
  expect(files["index.js"]).toMatch(
    /new EcsPushPool\("a", \{ \.\.\.place, image \}\),\n {2}new EcsPushPool\("b", \{ \.\.\.place, image \}\)/,
  );
});

test.each<[string, Record<string, string>, typeof planGcp, PrefectYaml | undefined]>([
  ["nothing that names packages", {}, planGcp, YAML],
  ["a pool of this machine", { "requirements.txt": "x" }, planLocal, YAML],
  ["no prefect.yaml", { "requirements.txt": "x" }, planGcp, undefined],
  [
    "build steps of the file",
    { Dockerfile: "FROM a\n" },
    planGcp,
    { ...YAML, actions: { ...YAML.actions, build: [{ a: {} }] } } as PrefectYaml,
  ],
  [
    "build steps of a deployment",
    { Dockerfile: "FROM a\n" },
    planGcp,
    { ...YAML, deployments: [{ config: { name: "x", build: [{ a: {} }] } }] } as unknown as PrefectYaml,
  ],
])("no image: %s", (_, files, planner, yaml) => {
  const plan = planner({
    folder: "/d",
    ...(yaml ? { prefectYaml: yaml } : {}),
    env: {},
    pushpool: "^1",
    present: Object.keys(files),
    read: (name) => files[name] ?? "",
  });
  expect([plan.files.Dockerfile, plan.files[".dockerignore"], plan.files["index.js"]?.includes("image")]).toEqual([
    undefined,
    undefined,
    false,
  ]);
});

test.each([
  [{ "uv.lock": "", "poetry.lock": "", "pyproject.toml": "" }, /uv\.lock and poetry\.lock both exist.*delete the one/],
  [{ "uv.lock": "" }, /^uv\.lock needs a pyproject\.toml beside it/],
  [{ "poetry.lock": "" }, /^poetry\.lock needs a pyproject\.toml beside it/],
])("%j is refused", (files, message) => {
  expect(() => planned(files as Record<string, string>)).toThrow(message);
});
