import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { configuredPools } from "../../components/configuredPools";
import { scripts } from "../../package.json";
import { scratch } from "../scratch";
import { type Block, copied, repo } from "./markdown";
import { install, readersPlace, runBlock } from "./place";

// Runs the pages' blocks unchanged. Many blocks share one place, since most need a running stack.

const marked = (words: string) => copied.filter(({ mark }) => mark?.kind === "run" && mark.words === words);

test("every block marked `run` names a place, and a test below runs it", () => {
  const places = ["local", "empty", "program", "program, continued", "module", "test", "configuration"];
  // fromPrefect.test.ts runs those of docs/from-prefect.md.
  places.push("from prefect", ...["file", "gcp", "aws", "azure", "run", "destroy"].map((part) => `from prefect, ${part}`));
  expect(copied.filter(({ mark }) => mark?.kind === "run" && !places.includes(mark.words))).toEqual([]);
});

test("in a copy of examples/local: the commands, and the program that uses pushpool/trigger", { timeout: 400_000 }, () => {
  const example = join(scratch(), "local");
  cpSync(join(repo, "examples", "local"), example, { recursive: true });
  install(example);
  const { env } = readersPlace();
  const place = { cwd: example, env: { ...env, PUSHPOOL_HOME: undefined } };
  const state = { run: "" };
  // The example's page begins with `up` and ends with `destroy`.
  const [first, ...others] = marked("local").filter(({ page }) => page === "examples/local/README.md");
  runBlock(first as Block, place, state);
  for (const block of marked("local").filter(({ page }) => page.startsWith("docs/"))) runBlock(block, place, state);
  const [module] = marked("module");
  writeFileSync(join(example, "run.mjs"), module?.text ?? "");
  expect(execFileSync(process.execPath, ["run.mjs"], { ...place, encoding: "utf8" })).toMatch(/\nCOMPLETED\n$/);
  for (const block of others) runBlock(block, place, state);
});

test("in an empty folder: init, up, deploy, run", () => {
  const here = readersPlace();
  const cwd = join(here.folder, "project");
  mkdirSync(cwd);
  for (const block of marked("empty"))
    runBlock(block, { cwd, env: { ...here.env, PUSHPOOL_HOME: undefined } }, { run: "" }, (command) => {
      if (command.includes(" init")) install(cwd);
    });
});

test("`npm start` works as the README says", () => {
  for (const command of ["up --engine offline", "deploy --all", "run hello/node"])
    expect(scripts.start).toContain(`-C examples/local ${command}`);
});

test("a program that declares, with a run as part of `up`", () => {
  const here = readersPlace();
  install(here.folder);
  const text = [...marked("program"), ...marked("program, continued")].map((block) => block.text).join("\n");
  writeFileSync(join(here.folder, "index.js"), text);
  writeFileSync(join(here.folder, "hello.mjs"), "console.log(process.env.PUSHPOOL_PARAMETERS);\n");
  writeFileSync(
    join(here.folder, "Pulumi.yaml"),
    "name: data\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n",
  );
  expect(here.pushpool("up", "--engine", "offline", "--yes")).toMatchObject({ status: 0, stderr: expect.stringContaining("4 created") });
  const { runs } = JSON.parse(here.pushpool("ls", "--json").stdout) as { runs: unknown[] };
  expect(runs).toEqual([expect.objectContaining({ deployment: "hello/prod", state: expect.objectContaining({ type: "COMPLETED" }) })]);
});

test("a test of a program, by node's own test runner", () => {
  const folder = scratch();
  install(folder);
  cpSync(join(repo, "test", "testing", "infra"), join(folder, "infra"), { recursive: true });
  for (const [index, { text }] of marked("test").entries()) {
    writeFileSync(join(folder, `infra${index}.test.mjs`), text);
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--test", `infra${index}.test.mjs`], { cwd: folder, encoding: "utf8" });
    expect([status, status === 0 ? "" : stdout + stderr]).toEqual([0, ""]);
  }
});

test("pools by configuration", () => {
  for (const { text } of marked("configuration")) {
    const { config } = parse(text) as { config: Record<string, unknown> };
    class Pool {
      definition;
      constructor(name: string, args: object) {
        this.definition = { name, pool: args as Record<string, unknown>, blocks: {} };
      }
    }
    const components = { "process:push": { load: () => Pool, args: ["concurrencyLimit"] } };
    expect(configuredPools(config["pushpool:pools"], components, false).map(({ definition }) => definition.name)).toEqual(["local"]);
  }
});

describe("programs", () => {
  test("each compiles, and uses arguments that the components have", { timeout: 240_000 }, () => {
    const folder = scratch();
    install(folder);
    const programs = copied.filter(({ language }) => language === "js");
    expect(programs.length).toBeGreaterThan(5);
    const written = new Map<string, string>();
    let before = "";
    for (const { page, line, text, mark } of programs) {
      const continued = mark?.words.endsWith(", continued");
      before = continued ? `${before}\n${text}` : text;
      const file = join(folder, `${page.replaceAll(/\W/g, "-")}-${line}.${/^import /m.test(text) ? "mjs" : "cjs"}`);
      written.set(file, `${page}:${line}`);
      writeFileSync(file, before);
    }
    const compilerOptions = {
      allowJs: true,
      checkJs: true,
      noEmit: true,
      skipLibCheck: true,
      strict: true,
      noImplicitAny: false,
      target: "ES2022",
      module: "Node20",
      moduleResolution: "Node16",
      typeRoots: [join(repo, "node_modules", "@types")],
      types: ["node"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [...written.keys()] }));
    const tsc = join(repo, "node_modules", "typescript-native", "bin", "tsc");
    const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, "-p", ".", "--pretty", "false"], {
      cwd: folder,
      encoding: "utf8",
    });
    const faults = [...written].reduce((text, [file, block]) => text.replaceAll(basename(file), block), stdout);
    expect([status, faults, stderr]).toEqual([0, "", ""]);
  });
});
