import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkPlace } from "../../src/entrypoint";
import { plainFolders } from "../../src/entrypoint/pullSteps";
import type { Json, ValueObject } from "../../src/json";
import type { PoolType } from "../../src/model/poolType";
import { Secret } from "../../src/secret";
import { scratch } from "../scratch";

const at = "deployments.a/b";
const goTo = (directory: Json): Json => ({ "prefect.deployments.steps.set_working_directory": { directory } });
const gitClone: Json = { "prefect.deployments.steps.git_clone": { repository: "x" } };

test.each<[string, Json[], string[] | undefined]>([
  ["no steps", [], []],
  ["empty steps", [{}, null], []],
  ["two folders", [goTo("/a"), goTo("b")], ["/a", "b"]],
  ["Prefect 2's name", [{ "prefect.projects.steps.set_working_directory": { directory: "/a" } }], ["/a"]],
  ["a placeholder", [goTo("/{{ $HOME }}")], undefined],
  ["a folder that is not a string", [goTo(5)], undefined],
  ["another package's step of the same name", [{ "mine.set_working_directory": { directory: "/a" } }], undefined],
  ["a different step among them", [goTo("/a"), gitClone], undefined],
  ["a string instead of a step", ["set_working_directory"], undefined],
])("plain folders: %s", (_, steps, expected) => expect(plainFolders(steps)).toEqual(expected));

describe("a container", () => {
  const check = (pullSteps: Json[], job: ValueObject, poolType: PoolType = "cloud-run-v2:push") =>
    checkPlace({ at, entrypoint: "gone.py:f", pullSteps, poolType, job, env: {} });
  const images = (...names: string[]): ValueObject => ({ job_body: { containers: names.map((image) => ({ image })) } });

  test.each<[string, Json[], ValueObject]>([
    ["no pull steps on any image", [], images("acme/etl:1")],
    ["only a folder", [goTo("/opt/prefect")], images("acme/etl:1")],
    ["Prefect's image", [gitClone], images("prefecthq/prefect:3-latest")],
    ["Prefect's image with its registry and digest", [gitClone], images("docker.io/prefecthq/prefect@sha256:00")],
    ["a variant of Prefect's image", [gitClone], { image: "prefecthq/prefect-aws:1" }],
  ])("%s: accepted", (_, steps, job) => expect(() => check(steps, job)).not.toThrow());

  test.each<[string, ValueObject, RegExp]>([
    [
      "another image",
      images("acme/etl:1"),
      /^deployments\.a\/b\.pullSteps: prefect\..*git_clone needs Prefect, and pushpool cannot check whether acme\/etl:1 has it/,
    ],
    ["an image with a similar name", images("acme/prefecthq/prefect:3"), /whether acme\/prefecthq/],
    ["another image next to Prefect's", images("prefecthq/prefect:3", "acme/side:1"), /cannot check whether/],
    ["no image", {}, /whether the image has it: use a prefecthq\/prefect image, or put the code into the image/],
  ])("%s: refused", (_, job, message) => {
    for (const type of ["cloud-run-v2:push", "ecs:push", "azure-container-instance:push"] as const)
      expect(() => check([goTo("/a"), gitClone], job, type)).toThrow(message);
  });
});

describe("this machine", () => {
  function setUp() {
    const folder = scratch();
    mkdirSync(join(folder, "code"));
    for (const file of ["flows.py", "code/deep.py"]) writeFileSync(join(folder, file), "");
    writeFileSync(join(folder, "python3"), "#!/bin/sh\nexit $PREFECT_IS_MISSING\n", { mode: 0o755 });
    const check = (
      entrypoint: string,
      pullSteps: Json[] = [],
      job: ValueObject = { working_dir: folder },
      env: NodeJS.ProcessEnv = { PATH: folder },
    ) => checkPlace({ at, entrypoint, pullSteps, poolType: "process:push", job, env });
    return { folder, check };
  }

  test("entrypoints that exist are accepted", () => {
    const { folder, check } = setUp();
    check("flows.py:f");
    check("pkg.mod.f");
    check("deep.py:f", [goTo("code")]);
    check("deep.py:f", [goTo(folder), goTo("code")], { working_dir: null });
    check(`${folder}/flows.py:f`, [], { working_dir: null });
    check("flows.py:f", [], { working_dir: folder, env: { PATH: folder } }, { PATH: "/nowhere" });
    check("flows.py:f", [], { working_dir: folder, env: { PUSHPOOL_PYTHON: "./python3", KEY: new Secret([{ pointer: "/x" }], "s") } }, {});
    // The files of git_clone do not exist yet and cannot be checked.
    check("later.py:f", [gitClone], { working_dir: folder, env: { PREFECT_IS_MISSING: "0" } });
  });

  test("entrypoints that do not exist are refused", () => {
    const { folder, check } = setUp();
    expect(() => check("gone.py:f")).toThrow(`${at}.entrypoint: there is no file ${folder}/gone.py`);
    expect(() => check("code.py:f")).toThrow(/no file/);
    expect(() => check("flows.py:f", [goTo("code")])).toThrow(`there is no file ${folder}/code/flows.py`);
    expect(() => check("flows.py:f", [goTo("code")], { working_dir: null })).toThrow(/in an empty folder: .*working_dir/);
    expect(() => check("flows.py:f", [], { working_dir: folder }, { PATH: join(folder, "code") })).toThrow(
      /python3, which runs it, is not on its PATH/,
    );
    expect(() => check("flows.py:f", [], { working_dir: folder, env: { PUSHPOOL_PYTHON: "/no/python" } })).toThrow(
      /\/no\/python, which runs it, is not/,
    );
    expect(() => check("flows.py:f", [gitClone], { working_dir: folder, env: { PREFECT_IS_MISSING: "1" } })).toThrow(
      /pullSteps: .*git_clone needs Prefect, but python3 does not have it: `python3 -m pip install prefect`/,
    );
  });
});
