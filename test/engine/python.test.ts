import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { EngineEvent } from "../../src/engine";
import { type OfflineStack, offlineStack } from "../../src/testing";
import { pulumiVenv } from "../pulumiVenv";
import { scratch } from "../scratch";

// Programs in Python, with the package `pulumi` from PyPI.

let venv: string;
beforeAll(async () => {
  venv = await pulumiVenv();
});

function pythonProject(program: string, options = `virtualenv: ${venv}`): { dir: string; heard: EngineEvent[]; stack: OfflineStack } {
  const dir = join(scratch(), "py");
  mkdirSync(dir);
  writeFileSync(join(dir, "Pulumi.yaml"), `name: py\nruntime: { name: python, options: { ${options} } }\n`);
  writeFileSync(join(dir, "helper.py"), "word = 'helped'\n");
  writeFileSync(join(dir, "__main__.py"), program);
  const heard: EngineEvent[] = [];
  const stack = offlineStack({
    projectDir: dir,
    home: join(dir, "home"),
    config: { "py:who": "Ada" },
    onEvent: (event) => heard.push(event),
  });
  return { dir, heard, stack };
}

const PROGRAM = `import sys
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider
from helper import word

config = pulumi.Config()
print("runs for", config.require("who"))
print("and warns", file=sys.stderr)


class Box(pulumi.ComponentResource):
    def __init__(self, name, label, opts=None):
        super().__init__("py:index:Box", name, {"label": label}, opts)
        self.label = pulumi.Output.from_input(label)
        self.register_outputs({"label": self.label})


class Keeper(ResourceProvider):
    def create(self, props):
        return CreateResult(id_="kept", outs={**props, "size": len(props["text"])})


class Kept(Resource):
    size: pulumi.Output[int]

    def __init__(self, name, text, opts=None):
        super().__init__(Keeper(), name, {"text": text, "size": None}, opts)


box = Box("box", config.get("who"))
inner = Box("inner", pulumi.Output.secret("hidden away"), pulumi.ResourceOptions(parent=box))
kept = Kept("kept", box.label, pulumi.ResourceOptions(parent=inner))
pulumi.export("word", word)
pulumi.export("label", inner.label)
pulumi.export("size", kept.size)
pulumi.export("dry", pulumi.runtime.is_dry_run())
`;

test("a program in Python goes through preview, update, no change and destroy", async () => {
  const { heard, stack } = pythonProject(PROGRAM);
  expect(await stack.preview()).toMatchObject({ changes: { create: 4 }, outputs: { dry: true, size: "[unknown]", label: "[secret]" } });
  const made = await stack.up();
  expect(made).toMatchObject({ changes: { create: 4 }, outputs: { word: "helped", dry: false, size: 3, label: "[secret]" } });
  expect(made.steps.map(({ urn }) => urn.split("::").slice(2).join(" "))).toEqual(
    expect.arrayContaining([
      "py:index:Box box",
      "py:index:Box$py:index:Box inner",
      "py:index:Box$py:index:Box$pulumi-python:dynamic:Resource kept",
    ]),
  );
  expect(heard).toContainEqual({ kind: "stdout", text: "runs for Ada" });
  expect(heard).toContainEqual({ kind: "stderr", text: "and warns" });
  expect(JSON.stringify([made, heard, stack.exportState()])).not.toContain("hidden away");
  expect(await stack.outputs({ secrets: true })).toMatchObject({ label: "hidden away" });
  expect((await stack.up()).unchanged).toBe(true);
  expect((await stack.destroy()).changes).toEqual({ delete: 4 });
});

test.each([
  [
    "an exception",
    "def check(value):\n    raise ValueError(f'bad {value}')\n\n\ncheck(7)",
    /^Program failed with an unhandled exception:\nTraceback \(most recent call last\):\n {2}File ".*__main__\.py", line 6, in <module>\n(.*\n)+ValueError: bad 7\n?$/,
  ],
  [
    "an exception in apply",
    "pulumi.Output.from_input(1).apply(lambda value: [][value])",
    /^Program failed with an unhandled exception:\nTraceback (.*\n)+IndexError: list index out of range\n?$/,
  ],
  ["a syntax error", "def broken(:", /^Program failed with an unhandled exception:\n {2}File ".*__main__\.py", line 2\n(.*\n)+SyntaxError/],
  ["a RunError", "raise pulumi.RunError('say what to do')", /^say what to do$/],
  [
    "a resource hook",
    "hook = pulumi.ResourceHook('after', lambda args: None)\npulumi.ComponentResource('py:index:A', 'a', {}, pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(after_create=[hook])))",
    /does not support the resource hook "after" yet/,
  ],
  ["sys.exit", "import sys\nsys.exit(3)", /^an unhandled error occurred: Program exited with non-zero exit code: 3$/],
])("%s ends the operation, and is shown once", async (_, program, message) => {
  const { heard, stack } = pythonProject(`import pulumi\n${program}\n`);
  const error = await stack.up().catch((thrown: Error) => thrown);
  expect((error as Error).message).toMatch(message);
  expect(error).toMatchObject({ exitCode: 2 });
  expect(heard.filter(({ kind }) => kind === "diagnostic").length).toBeLessThanOrEqual(1);
});

test.each([
  ["virtualenv: venv", /runtime\.options\.virtualenv: .*\/py\/venv is not a virtual environment: make it with `python3 -m venv/],
  ["toolchain: conda", /runtime\.options\.toolchain "conda": must be pip, poetry, uv/],
  ["typechecker: flow", /runtime\.options\.typechecker "flow": must be mypy or pyright/],
  ["toolchain: poetry", /poetry/],
  ["toolchain: uv", /runtime python with uv: .*\/py\/\.venv is not a virtual environment: .*uv sync/],
])("the option %s without such a Python is refused", async (options, message) => {
  await expect(pythonProject("", options).stack.up()).rejects.toThrow(message);
});

test("a type checker of the project is not run, and a warning says how to run it", async () => {
  const { heard, stack } = pythonProject("import pulumi", `virtualenv: ${venv}, typechecker: mypy`);
  await stack.up();
  const warnings = heard.filter((event) => event.kind === "diagnostic" && event.severity === "warning");
  expect(warnings).toEqual([
    expect.objectContaining({
      message: expect.stringMatching(/typechecker: the offline engine does not check types: run `.*python -m mypy \.`/),
    }),
  ]);
});

test("a Python without the package pulumi is named, with the command that installs it", async () => {
  const { dir, stack } = pythonProject("import pulumi", "virtualenv: bare");
  mkdirSync(join(dir, "bare", "bin"), { recursive: true });
  writeFileSync(join(dir, "bare", "bin", "python"), '#!/bin/sh\nexec python3 -S "$@"\n', { mode: 0o755 });
  await expect(stack.up()).rejects.toThrow(
    /the Python package pulumi is not installed for .*bare\/bin\/python: run `.*bare\/bin\/python -m pip install pulumi`/,
  );
});
