import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scratch } from "../scratch";
import { manifestOf, placeWith } from "./pushpool";

// A command keeps its compiled code. Whatever is wrong with what it kept, the command runs what is installed.

const keeper = join(__dirname, "..", "..", "bin", "compiledCode.cjs");

/** A folder with modules. `start` runs `main.cjs` in a process of its own that keeps compiled code. */
function program(modules: Record<string, string>) {
  const folder = scratch();
  const set = (name: string, source: string) => writeFileSync(join(folder, name), source);
  for (const [name, source] of Object.entries(modules)) set(name, source);
  set("start.cjs", `require(${JSON.stringify(keeper)}).keepCompiledCode(__dirname, __dirname + "/kept", "run");\nrequire("./main.cjs");\n`);
  const start = (...nodeOptions: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeOptions, join(folder, "start.cjs")], { encoding: "utf8" });
    return { status, stdout, stderr };
  };
  const kept = () => join(folder, "kept", readdirSync(join(folder, "kept"))[0] as string, folder, "run");
  return { folder, set, start, kept };
}

const saying = (word: string) => `exports.say = () => { console.log("${word}"); };`;
const printed = (stdout: string) => ({ status: 0, stdout, stderr: "" });

test("a start runs the code that an earlier one kept, and writes nothing", () => {
  const { set, start, kept } = program({ "main.cjs": `require("./other.cjs").say();`, "other.cjs": saying("one") });
  expect(start()).toEqual(printed("one\n"));
  // With another source beside it, the kept code still says what it was made from.
  const whole = readFileSync(kept());
  whole.write(saying("two"), whole.lastIndexOf(saying("one")));
  writeFileSync(kept(), whole);
  set("other.cjs", saying("two"));
  expect(start()).toEqual(printed("one\n"));
  expect(readFileSync(kept()).equals(whole)).toBe(true);
});

test("a module that was replaced by one of the same length and time is compiled anew", () => {
  const { folder, set, start } = program({ "main.cjs": `require("./other.cjs").say();`, "other.cjs": saying("one") });
  expect(start()).toEqual(printed("one\n"));
  const { atime, mtime } = statSync(join(folder, "other.cjs"));
  set("other.cjs", saying("two"));
  utimesSync(join(folder, "other.cjs"), atime, mtime);
  for (let times = 0; times < 2; times++) expect(start()).toEqual(printed("two\n"));
});

test("what is kept and not whole is made again; where nothing can be kept, it runs all the same", () => {
  const { folder, set, start, kept } = program({ "main.cjs": `require("./other.cjs").say();`, "other.cjs": saying("one") });
  start();
  const { size } = statSync(kept());
  for (const length of [0, 7, 40, size >> 1, size - 9]) {
    truncateSync(kept(), length);
    expect(start()).toEqual(printed("one\n"));
    expect(statSync(kept()).size).toBeGreaterThan(size >> 1);
  }
  writeFileSync(kept(), Buffer.alloc(size, 255));
  expect(start()).toEqual(printed("one\n"));
  // Code of a V8 with other settings.
  expect(start("--no-opt")).toEqual(printed("one\n"));
  const other = program({ "main.cjs": `require("./other.cjs").say();`, "other.cjs": saying("two"), kept: "a file" });
  expect(other.start()).toEqual(printed("two\n"));
  set("main.cjs", `require("./other.cjs").say(); process.kill(process.pid, "SIGKILL");`);
  expect(start().stdout).toBe("one\n");
  expect(readdirSync(join(folder, "kept")).length).toBe(1);
});

test("the code of the SDK of AWS is kept too, and of no other package", () => {
  const packages = join(scratch(), "node_modules");
  const files = ["@smithy/core", "other"].map((name) => {
    mkdirSync(join(packages, name), { recursive: true });
    writeFileSync(join(packages, name, "index.js"), saying(name));
    return join(packages, name, "index.js");
  });
  const { start, kept } = program({ "main.cjs": files.map((file) => `require(${JSON.stringify(file)}).say();`).join("\n") });
  for (let times = 0; times < 2; times++) expect(start()).toEqual(printed("@smithy/core\nother\n"));
  const whole = readFileSync(kept(), "latin1");
  expect([whole.includes(saying("@smithy/core")), whole.includes(saying("other"))]).toEqual([true, false]);
});

test("modules are as with node alone", () => {
  const { folder, start } = program({
    "main.cjs": `
      const parts = [this === module.exports, __filename === module.filename, require.main.filename, require.resolve("./data.json")];
      console.log(JSON.stringify([...parts, require("./data.json"), require("./each.mjs").default, require("./plain.js")]));
      require("./importing.cjs")().then(({ default: late }) => console.log(late));
      try { require("./wrong.cjs") } catch ({ name, stack }) { console.log(name, stack.split("\\n")[0]); }
      console.log(require("./thrower.cjs")().stack.split("\\n")[1]);
    `,
    "data.json": "[1]",
    "each.mjs": `export default "module";`,
    "importing.cjs": `module.exports = () => import("./late.mjs");`,
    "late.mjs": `export default "late";`,
    "plain.js": `#!/usr/bin/env node\nmodule.exports = "plain";`,
    "wrong.cjs": "exports = (;",
    "thrower.cjs": "module.exports = () => new Error();",
  });
  const at = (file: string) => join(folder, file);
  for (let times = 0; times < 2; times++) {
    const { status, stdout, stderr } = start();
    const [parts = "", name, where, late] = stdout.split("\n");
    expect(JSON.parse(parts)).toEqual([true, true, at("start.cjs"), at("data.json"), [1], "module", "plain"]);
    expect([status, late, stderr]).toEqual([0, "late", ""]);
    expect(name).toBe(`SyntaxError ${at("wrong.cjs")}:1`);
    expect(where).toContain(`${at("thrower.cjs")}:1:24`);
  }
});

test("each command keeps its own code, for this user only; a mistaken word keeps none", () => {
  const here = placeWith(manifestOf({ "hello/node": "true" }));
  here.env.XDG_CACHE_HOME = join(here.folder, "cache");
  const folder = join(here.folder, "cache", "pushpool", "code");
  for (const args of [["run", "hello/node", "--detach"], ["--help"], ["-C", ".", "ls"], ["lists"]]) here.pushpool(...args);
  const [version = ""] = readdirSync(folder);
  const code = join(folder, version, join(__dirname, "..", "..", "lib"));
  expect(readdirSync(code).sort()).toEqual(["help", "ls", "run"]);
  const run = join(code, "run");
  expect([statSync(folder).mode & 0o777, statSync(run).mode & 0o777]).toEqual([0o700, 0o600]);
  const before = statSync(run).mtimeMs;
  expect(here.pushpool("run", "hello/node", "--detach").status).toBe(0);
  expect(statSync(run).mtimeMs).toBe(before);
});
