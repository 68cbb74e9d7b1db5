import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { type InspectedFlow, inspectEntrypoints } from "../../src/entrypoint";
import { scratch } from "../scratch";
import { noPython } from "./python";

const fixtures = join(__dirname, "..", "fixtures");
const env = process.env;

/** Make a folder with these files. */
function folderOf(files: Record<string, string>): string {
  const folder = scratch();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

async function read(files: Record<string, string>, entrypoint: string): Promise<InspectedFlow | { fault: string }> {
  const { flows } = await inspectEntrypoints([entrypoint], { cwd: folderOf(files), env });
  return flows.get(entrypoint) ?? { fault: "not answered" };
}

describe.skipIf(noPython)("with python3", () => {
  interface Facts {
    flowName: string;
    description: string | null;
    version: string;
    isAsync: boolean;
    schema: { properties?: Record<string, object> };
  }
  const expected = JSON.parse(readFileSync(join(fixtures, "entrypoint", "schemas.json"), "utf8")) as Record<string, Facts>;

  test("flows have the same facts that Prefect gets by importing them", async () => {
    const cwd = join(fixtures, "entrypoint");
    const names = Object.keys(expected);
    const { flows } = await inspectEntrypoints(
      names.map((name) => `typed.py:${name}`),
      { cwd, env },
    );
    const seen = names.map((name) => {
      const flow = flows.get(`typed.py:${name}`) as InspectedFlow;
      return [
        name,
        {
          flowName: flow.flowName,
          description: flow.description ?? null,
          version: flow.version ?? flow.fileHash,
          isAsync: flow.isAsync,
          schema: flow.parameterSchema,
        },
      ];
    });
    const wanted = structuredClone(expected);
    // The default `frozenset()` is a call. Its value is known only after running it.
    const frozen: { default?: unknown } = wanted.tuples?.schema.properties?.e ?? {};
    delete frozen.default;
    expect((flows.get("typed.py:tuples") as InspectedFlow).computed).toEqual(["parameters.e"]);
    for (const facts of Object.values(wanted)) facts.schema = { properties: {}, ...facts.schema };
    expect(Object.fromEntries(seen)).toEqual(wanted);
    expect(names.map((name) => (flows.get(`typed.py:${name}`) as InspectedFlow).isFlow)).toEqual(names.map(() => true));
  });

  test("modules are found from the working directory, in all forms", async () => {
    const cwd = join(fixtures, "prefect-yaml", "support");
    const forms = ["labpkg.mod.module_flow", "labpkg.mod:module_flow", "labpkg/mod.py:module_flow"];
    const { flows, pythonMissing } = await inspectEntrypoints(forms, { cwd, env });
    expect(pythonMissing).toBe(false);
    for (const form of forms)
      expect(flows.get(form)).toMatchObject({
        flowName: "module-flow",
        path: "labpkg/mod.py",
        fileHash: "edd38fdafa6b402b84d7c85283af4df7",
      });
  });

  test.each<[string, Record<string, string>, string, object]>([
    ["a plain function", { "a.py": "def my_job(n=1):\n  pass" }, "a.py:my_job", { flowName: "my-job", isFlow: false, isAsync: false }],
    ["an async function", { "a.py": "async def f(): pass" }, "a.py:f", { isAsync: true }],
    [
      "a package's __init__",
      { "pkg/__init__.py": "from prefect import flow\n@flow\ndef f(): pass" },
      "pkg.f",
      { isFlow: true, path: "pkg/__init__.py" },
    ],
    [
      "a flow imported from a file in the same folder",
      { "a.py": "from b import f as g", "b.py": "def f(x): pass" },
      "a.py:g",
      { path: "b.py" },
    ],
    [
      "a flow from a relative star import",
      { "pkg/__init__.py": "", "pkg/a.py": "from .b import *", "pkg/b.py": "def f(x): pass" },
      "pkg.a:f",
      { path: "pkg/b.py", flowName: "f" },
    ],
    ["a flow from a missing package", { "a.py": "from elsewhere import f_g" }, "a.py:f_g", { flowName: "f-g", computed: [] }],
    ["the user's own decorator with the name flow", { "a.py": "def flow(f): return f\n@flow\ndef f(): pass" }, "a.py:f", { isFlow: false }],
    [
      "values that are known only after running the code",
      { "a.py": "import os\nfrom prefect import flow\n@flow(name=os.name)\ndef f(n=os.cpu_count()): pass" },
      "a.py:f",
      { flowName: "f", computed: ["name", "parameters.n"] },
    ],
    [
      "an unknown annotation, which has no type",
      {
        "a.py": "from pydantic import BaseModel\nclass str(BaseModel): pass\ndef f(x: str, y: Whatever[int]): pass",
      },
      "a.py:f",
      {
        parameterSchema: {
          title: "Parameters",
          type: "object",
          properties: {
            x: { title: "x", position: 0 },
            y: { title: "y", position: 1 },
          },
          required: ["x", "y"],
        },
      },
    ],
    ["circular imports", { "a.py": "from b import f", "b.py": "from a import f" }, "a.py:f", { flowName: "f" }],
    ["a name that refers to itself", { "a.py": "f = f" }, "a.py:f", { flowName: "f" }],
  ])("%s", async (_, files, entrypoint, flow) => expect(await read(files, entrypoint)).toMatchObject(flow));

  test.each<[string, Record<string, string>, string, RegExp]>([
    ["no file", {}, "a.py:f", /^there is no file \/.*\/a\.py$/],
    ["no module", {}, "pkg.mod.f", /^there is no module pkg\.mod in \//],
    ["a syntax error", { "a.py": "x = 1\ndef f(:\n  pass" }, "a.py:f", /^a\.py, line 2: .*\(Python 3\.\d+\.\d+\): def f\(:$/],
    ["bytes that are not text", { "a.py": "x = '\0'" }, "a.py:f", /^a\.py, line 1: /],
    ["a similar name", { "a.py": "def hello(): pass" }, "a.py:helo", /^there is no function helo in a\.py: did you mean "hello"\?$/],
    ["no similar name", { "a.py": "def hello(): pass" }, "a.py:xy", /there is "hello"/],
    ["an empty file", { "a.py": "" }, "a.py:f", /it defines no functions/],
    ["a value", { "a.py": "\nf = 5" }, "a.py:f", /^f must be a function, not a value \(a\.py, line 2\)$/],
    ["a class", { "a.py": "class f: pass" }, "a.py:f", /^f must be a function, not a class/],
    ["no such method", { "a.py": "class A:\n  def g(self): pass" }, "a.py:A.f", /^there is no function f in a\.py: did you mean "g"/],
  ])("%s", async (_, files, entrypoint, fault) => expect(await read(files, entrypoint)).toEqual({ fault: expect.stringMatching(fault) }));

  test("the user's code does not run, not even a module with the name of one of Python's", async () => {
    const cwd = folderOf({
      "a.py": "raise SystemExit(3)\ndef f(): pass",
      "json.py": "raise SystemExit(4)",
      "ast.py": "raise SystemExit(5)",
    });
    const { flows } = await inspectEntrypoints(["a.py:f"], { cwd, env: { ...env, PYTHONPATH: cwd } });
    expect(flows.get("a.py:f")).toMatchObject({ flowName: "f" });
  });

  test("hundreds of entrypoints at once all get an answer", async () => {
    const names = Array.from({ length: 500 }, (_, n) => `f${n}`);
    const cwd = folderOf({ "a.py": names.map((name) => `def ${name}(n: int = 1): pass`).join("\n") });
    const { flows } = await inspectEntrypoints(
      names.map((name) => `a.py:${name}`),
      { cwd, env },
    );
    expect(names.every((name) => "flowName" in (flows.get(`a.py:${name}`) ?? {}))).toBe(true);
  });
});

test("without python3, flows have the name of their function, and a missing file is still an error", async () => {
  const cwd = folderOf({ "a.py": "def my_flow(n): pass" });
  const { pythonMissing, flows } = await inspectEntrypoints(["a.py:my_flow", "b.py:f", "pkg.mod.some_flow", "nothing"], {
    cwd,
    env: { PATH: cwd },
  });
  expect(pythonMissing).toBe(true);
  expect(Object.fromEntries(flows)).toEqual({
    "a.py:my_flow": { flowName: "my-flow", computed: [] },
    "b.py:f": { fault: expect.stringMatching(/no file/) },
    "pkg.mod.some_flow": { flowName: "some-flow", computed: [] },
    nothing: { fault: expect.stringMatching(/names no function/) },
  });
});

test("the error for a failed interpreter has its last output line", async () => {
  const cwd = folderOf({ "a.py": "" });
  const python = join(cwd, "python");
  writeFileSync(python, "#!/bin/sh\necho 'too old' >&2\nexit 1\n", { mode: 0o755 });
  await expect(inspectEntrypoints(["a.py:f"], { cwd, env, python })).rejects.toThrow(/exit code 1\): too old\. Use Python 3\.9/);
});
