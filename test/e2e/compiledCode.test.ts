import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { scratch } from "../scratch";
import { manifestOf, placeWith } from "./pushpool";

// A command keeps its compiled code. Whatever is wrong with what it kept, the command runs what is installed.

const keeper = join(__dirname, "..", "..", "bin", "compiledCode.cjs");
const heapShape = join(__dirname, "..", "..", "lib", "src", "heapShape.js");

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
  const kept = () => join(folder, "kept", `${process.version}-${process.arch}`, folder, "run");
  return { folder, set, start, kept };
}

const DAY = 86_400_000;
/** Change when a file was last used. */
function usedDaysAgo(file: string, days: number) {
  const time = new Date(Date.now() - days * DAY);
  utimesSync(file, time, time);
}

/** Kept code of other installations, by when it was last used. */
function otherCode(kept: string, days: readonly number[]) {
  return days.map((age) => {
    const folder = join(kept, "v1-x64", "usr", `used-${age}-days-ago`, "lib");
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "run");
    writeFileSync(file, "code");
    usedDaysAgo(file, age);
    return file;
  });
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

test("a module that was replaced by one of the same length and time is compiled again", () => {
  const { folder, set, start } = program({ "main.cjs": `require("./other.cjs").say();`, "other.cjs": saying("one") });
  expect(start()).toEqual(printed("one\n"));
  const { atime, mtime } = statSync(join(folder, "other.cjs"));
  set("other.cjs", saying("two"));
  utimesSync(join(folder, "other.cjs"), atime, mtime);
  for (let times = 0; times < 2; times++) expect(start()).toEqual(printed("two\n"));
});

test("a start replaces a damaged file of kept code; if it can keep no code, it runs without", () => {
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

test("a process that others kill keeps its code when it says so", () => {
  const { folder, start, kept } = program({ "other.cjs": saying("one") });
  const killed = `const keep = require(${JSON.stringify(keeper)}).keepCompiledCode(__dirname, __dirname + "/kept", "run");
require("./other.cjs").say();
keep();
process.kill(process.pid, "SIGKILL");`;
  writeFileSync(join(folder, "start.cjs"), killed);
  expect(start().stdout).toBe("one\n");
  const { mtimeMs } = statSync(kept());
  expect(start().stdout).toBe("one\n");
  expect(statSync(kept()).mtimeMs).toBe(mtimeMs);
});

test("a process that changes V8's flags keeps its code before that, and a later start runs it", () => {
  const { set, start, kept } = program({
    "main.cjs": `require("./other.cjs").say(); require(${JSON.stringify(heapShape)}).keepHeapSmall(); require("./late.cjs").say();`,
    "other.cjs": saying("one"),
    "late.cjs": saying("late"),
  });
  expect(start()).toEqual(printed("one\nlate\n"));
  const whole = readFileSync(kept());
  expect([whole.includes(saying("one")), whole.includes(saying("late"))]).toEqual([true, false]);
  // With another source beside it, the kept code still says what it was made from.
  const { mtimeMs } = statSync(kept());
  whole.write(saying("two"), whole.lastIndexOf(saying("one")));
  writeFileSync(kept(), whole);
  utimesSync(kept(), mtimeMs / 1000, mtimeMs / 1000);
  set("other.cjs", saying("two"));
  expect(start()).toEqual(printed("one\nlate\n"));
});

test("a command that keeps new code removes what no command has used for 30 days", () => {
  const { folder, start } = program({ "main.cjs": `require("./other.cjs").say();`, "other.cjs": saying("one") });
  const [used = "", unused = "", older = ""] = otherCode(join(folder, "kept"), [29, 31, 400]);
  expect(start()).toEqual(printed("one\n"));
  expect([used, unused, older].map((file) => existsSync(file))).toEqual([true, false, false]);
  expect(readdirSync(join(folder, "kept", "v1-x64", "usr"))).toEqual(["used-29-days-ago"]);
});

test("a command marks its code as used, and removes unused code, once a day", () => {
  const { folder, start, kept } = program({ "main.cjs": `require("./other.cjs").say();`, "other.cjs": saying("one") });
  start();
  const code = readFileSync(kept());
  const [unused = ""] = otherCode(join(folder, "kept"), [31]);
  const used = statSync(kept()).mtimeMs;
  start();
  expect([statSync(kept()).mtimeMs, existsSync(unused)]).toEqual([used, true]);
  usedDaysAgo(kept(), 31);
  expect(start()).toEqual(printed("one\n"));
  expect(statSync(kept()).mtimeMs).toBeGreaterThan(Date.now() - DAY);
  expect(existsSync(unused)).toBe(false);
  expect(readFileSync(kept()).equals(code)).toBe(true);
});

test("commands that remove unused code at the same time keep their own", async () => {
  const { folder, start, kept } = program({ "main.cjs": `require("./other.cjs").say();`, "other.cjs": saying("one") });
  start();
  usedDaysAgo(kept(), 2);
  const unused = otherCode(
    join(folder, "kept"),
    Array.from({ length: 200 }, (_, index) => 31 + index),
  );
  const one = () => promisify(execFile)(process.execPath, [join(folder, "start.cjs")]);
  for (const { stdout, stderr } of await Promise.all([one(), one(), one(), one()])) expect([stdout, stderr]).toEqual(["one\n", ""]);
  expect([unused.some((file) => existsSync(file)), existsSync(kept())]).toEqual([false, true]);
});

test("the code of the SDK of AWS and of Pulumi's protocol is kept too, and of no other package", () => {
  const packages = join(scratch(), "node_modules");
  const names = ["@smithy/core", "@grpc/grpc-js", "google-protobuf", "@pulumi/pulumi/proto", "@pulumi/gcp", "other"];
  const files = names.map((name) => {
    mkdirSync(join(packages, name), { recursive: true });
    writeFileSync(join(packages, name, "index.js"), saying(name));
    return join(packages, name, "index.js");
  });
  const { start, kept } = program({ "main.cjs": files.map((file) => `require(${JSON.stringify(file)}).say();`).join("\n") });
  for (let times = 0; times < 2; times++) expect(start()).toEqual(printed(`${names.join("\n")}\n`));
  const whole = readFileSync(kept(), "latin1");
  expect(names.filter((name) => !whole.includes(saying(name)))).toEqual(["@pulumi/gcp", "other"]);
});

test("modules are as with node alone", () => {
  const { folder, start } = program({
    "main.cjs": `
      const parts = [this === module.exports, __filename === module.filename, require.main.filename, require.resolve("./data.json")];
      parts.push(require.cache[__filename] === module, typeof require.resolve.paths, Object.keys(require.extensions)[0]);
      parts.push(require("./plain.js") && module.children.map(({ filename }) => filename.split("/").at(-1)));
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
    const own = [true, true, at("start.cjs"), at("data.json"), true, "function", ".js", ["plain.js"]];
    expect(JSON.parse(parts)).toEqual([...own, [1], "module", "plain"]);
    expect([status, late, stderr]).toEqual([0, "late", ""]);
    expect(name).toBe(`SyntaxError ${at("wrong.cjs")}:1`);
    expect(where).toContain(`${at("thrower.cjs")}:1:24`);
  }
});

test("each command keeps its own code, for this user only; an unknown command keeps none", () => {
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

test("what node itself has kept for a version that no command has used for 30 days is removed", () => {
  const here = placeWith(manifestOf({}));
  here.env.XDG_CACHE_HOME = join(here.folder, "cache");
  delete here.env.NODE_COMPILE_CACHE;
  const [nodes, code] = ["node", "code"].map((name) => join(here.folder, "cache", "pushpool", name)) as [string, string];
  const [used, unused] = ["v1-x64", "v2-x64"].map((name) => join(nodes, name)) as [string, string];
  for (const each of [used, unused]) mkdirSync(each, { recursive: true });
  writeFileSync(join(unused, "code"), "code");
  usedDaysAgo(used, 29);
  usedDaysAgo(unused, 31);
  expect(here.pushpool("ls").status).toBe(0);
  const [own = "", ...others] = readdirSync(nodes).filter((name) => name !== "v1-x64");
  expect([own, others, existsSync(used)]).toEqual([expect.stringContaining(process.version), [], true]);

  // Its files do not change while they are used.
  usedDaysAgo(join(nodes, own), 31);
  usedDaysAgo(join(code, `${process.version}-${process.arch}`, join(__dirname, "..", "..", "lib"), "ls"), 2);
  expect(here.pushpool("ls").status).toBe(0);
  expect(statSync(join(nodes, own)).mtimeMs).toBeGreaterThan(Date.now() - DAY);
});
