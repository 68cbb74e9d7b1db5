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
  ["none", [], []],
  ["empty ones", [{}, null], []],
  ["two folders", [goTo("/a"), goTo("b")], ["/a", "b"]],
  ["Prefect 2's name", [{ "prefect.projects.steps.set_working_directory": { directory: "/a" } }], ["/a"]],
  ["a placeholder", [goTo("/{{ $HOME }}")], undefined],
  ["no text", [goTo(5)], undefined],
  ["someone else's step of that name", [{ "mine.set_working_directory": { directory: "/a" } }], undefined],
  ["another among them", [goTo("/a"), gitClone], undefined],
  ["no step at all", ["set_working_directory"], undefined],
])("plain folders: %s", (_, steps, expected) => expect(plainFolders(steps)).toEqual(expected));

describe("a container", () => {
  const check = (pullSteps: Json[], job: ValueObject, poolType: PoolType = "cloud-run-v2:push") =>
    checkPlace({ at, entrypoint: "gone.py:f", pullSteps, poolType, job, env: {} });
  const images = (...names: string[]): ValueObject => ({ job_body: { containers: names.map((image) => ({ image })) } });

  test.each<[string, Json[], ValueObject]>([
    ["no pull steps on any image", [], images("acme/etl:1")],
    ["only a folder", [goTo("/opt/prefect")], images("acme/etl:1")],
    ["Prefect's image", [gitClone], images("prefecthq/prefect:3-latest")],
    ["with its registry and digest", [gitClone], images("docker.io/prefecthq/prefect@sha256:00")],
    ["one of its variants", [gitClone], { image: "prefecthq/prefect-aws:1" }],
  ])("%s: sent", (_, steps, job) => expect(() => check(steps, job)).not.toThrow());

  test.each<[string, ValueObject, RegExp]>([
    [
      "another image",
      images("acme/etl:1"),
      /^deployments\.a\/b\.pullSteps: prefect\..*git_clone needs Prefect, and whether acme\/etl:1 has it cannot be known/,
    ],
    ["one that is only named like it", images("acme/prefecthq/prefect:3"), /whether acme\/prefecthq/],
    ["another beside it", images("prefecthq/prefect:3", "acme/side:1"), /cannot be known from here/],
    ["none to be seen", {}, /whether the image has it .*: run on an image of prefecthq\/prefect, or put the code into the image/],
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

  test("what is there is sent", () => {
    const { folder, check } = setUp();
    check("flows.py:f");
    check("pkg.mod.f");
    check("deep.py:f", [goTo("code")]);
    check("deep.py:f", [goTo(folder), goTo("code")], { working_dir: null });
    check(`${folder}/flows.py:f`, [], { working_dir: null });
    check("flows.py:f", [], { working_dir: folder, env: { PATH: folder } }, { PATH: "/nowhere" });
    check("flows.py:f", [], { working_dir: folder, env: { PUSHPOOL_PYTHON: "./python3", KEY: new Secret([{ pointer: "/x" }], "s") } }, {});
    // What git_clone brings cannot be looked for yet.
    check("later.py:f", [gitClone], { working_dir: folder, env: { PREFECT_IS_MISSING: "0" } });
  });

  test("what is not is refused", () => {
    const { folder, check } = setUp();
    expect(() => check("gone.py:f")).toThrow(`${at}.entrypoint: there is no file ${folder}/gone.py`);
    expect(() => check("code.py:f")).toThrow(/no file/);
    expect(() => check("flows.py:f", [goTo("code")])).toThrow(`there is no file ${folder}/code/flows.py`);
    expect(() => check("flows.py:f", [goTo("code")], { working_dir: null })).toThrow(/in an empty folder: .*working_dir/);
    expect(() => check("flows.py:f", [], { working_dir: folder }, { PATH: join(folder, "code") })).toThrow(
      /runs with python3, and there is none/,
    );
    expect(() => check("flows.py:f", [], { working_dir: folder, env: { PUSHPOOL_PYTHON: "/no/python" } })).toThrow(
      /runs with \/no\/python/,
    );
    expect(() => check("flows.py:f", [gitClone], { working_dir: folder, env: { PREFECT_IS_MISSING: "1" } })).toThrow(
      /pullSteps: .*git_clone needs Prefect, and python3 has none: `python3 -m pip install prefect`/,
    );
  });
});
