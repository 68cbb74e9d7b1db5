import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

// The package as users get it: packed, and installed with its dependencies into an empty project.

const repo = join(__dirname, "..", "..");
const { exports: entries, version } = JSON.parse(readFileSync(join(repo, "package.json"), "utf8")) as {
  exports: Record<string, unknown>;
  version: string;
};
const all = Object.keys(entries).map((path) => path.replace(/^\./, "pushpool"));
const modules = all.filter((path) => !path.endsWith(".json"));
let project: string;
let packedFiles: string[];

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

beforeAll(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), "pushpool-pack-")));
  // In a copy: packing changes package.json for a moment. It also builds, but `lib/` is built already (scripts/buildIfNeeded.mts).
  const copy = mkdtempSync(join(tmpdir(), "pushpool-source-"));
  for (const part of [
    "bin",
    "src",
    "lib",
    "PulumiPlugin.yaml",
    "pulumi-resource-pushpool",
    "scripts",
    "docs",
    "package.json",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
  ])
    cpSync(join(repo, part), join(copy, part), { recursive: true });
  writeFileSync(join(copy, "scripts", "build.mjs"), "");
  const before = Object.fromEntries(["package.json", "README.md"].map((name) => [name, readFileSync(join(copy, name), "utf8")]));
  const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", project], { cwd: copy, encoding: "utf8" });
  for (const [name, text] of Object.entries(before)) expect(readFileSync(join(copy, name), "utf8")).toBe(text);
  rmSync(copy, { recursive: true, force: true });
  const { filename, files } = (JSON.parse(packed) as [{ filename: string; files: { path: string }[] }])[0];
  packedFiles = files.map(({ path }) => path);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "user", private: true }));
  run("npm", "install", "--no-audit", "--no-fund", "--prefer-offline", join(project, filename));
  // The peers of `pushpool/gcp`, `pushpool/aws` and `pushpool/azure`, linked since they are large.
  for (const peer of ["gcp", "aws", "azure-native", "azuread"])
    symlinkSync(join(repo, "node_modules", "@pulumi", peer), join(project, "node_modules", "@pulumi", peer));
}, 300_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

test("installing the package runs none of its scripts", () => {
  const { scripts } = JSON.parse(readFileSync(join(project, "node_modules", "pushpool", "package.json"), "utf8")) as { scripts?: object };
  expect(scripts).toBeUndefined();
});

test("it contains the program, and no documentation but the README, whose links lead to the repository", () => {
  const places = new Set(packedFiles.map((path) => path.split("/")[0]));
  expect([...places].sort()).toEqual([
    "CHANGELOG.md",
    "LICENSE",
    "PulumiPlugin.yaml",
    "README.md",
    "bin",
    "lib",
    "package.json",
    "pulumi-resource-pushpool",
    "scripts",
  ]);
  const readme = readFileSync(join(project, "node_modules", "pushpool", "README.md"), "utf8");
  const links = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = ""]) => to);
  expect(links).toContain("https://github.com/pushpool/pushpool/blob/main/docs/declare.md");
  expect(links.filter((to) => !/^https:\/\/|^#/.test(to))).toEqual([]);
});

test("its hints name the package file that it came from", () => {
  const manifest = JSON.stringify({ kind: "pushpool.dev/manifest", version: 9 });
  const { stderr } = spawnSync(process.execPath, ["node_modules/.bin/pushpool", "run", "a/b"], {
    cwd: project,
    env: { ...process.env, PUSHPOOL_MANIFEST: manifest },
    encoding: "utf8",
  });
  expect(stderr).toContain(`install a newer package file in place of ${join(project, `pushpool-${version}.tgz`)}`);
});

test("the bin runs", () => {
  expect(run(process.execPath, "node_modules/.bin/pushpool", "--version").trim()).toBe(version);
});

test.each(all.filter((path) => !modules.includes(path)))("require(%j)", (path) => {
  expect(run(process.execPath, "-e", `console.log(Object.keys(require(${JSON.stringify(path)})).length > 0)`).trim()).toBe("true");
});

test.each(modules)("require and import %j, names and all", (path) => {
  // As many processes as modules: each must load alone.
  const script = `
    const names = Object.keys(require(${JSON.stringify(path)}));
    import(${JSON.stringify(path)}).then((esm) => console.log(names.length, names.filter((name) => !(name in esm)).join() || "all"));`;
  expect(run(process.execPath, "-e", script).trim()).toMatch(/^[1-9]\d* all$/);
});

test("the trigger module loads nothing from Pulumi", () => {
  const script = `require("pushpool/trigger"); console.log(Object.keys(require.cache).filter((file) => file.includes("@pulumi")).length)`;
  expect(run(process.execPath, "-e", script).trim()).toBe("0");
});

const uses = `${modules.map((path, n) => `import * as m${n} from ${JSON.stringify(path)};`).join("\n")}
import { openTrigger, type FlowRun, type Run } from "pushpool/trigger";
import { ProcessPushPool } from "pushpool/local";
export const all: object[] = [${modules.map((_, n) => `m${n}`).join(", ")}];
export const end: Promise<Run> = openTrigger({ stack: "dev" }).run("a/b", { parameters: { n: 1 } });
// The name that it had before.
export const before: Promise<FlowRun> = end;
export const pool: ProcessPushPool = new ProcessPushPool("etl", { concurrencyLimit: 2 });
// @ts-expect-error our own type, not any: this is not a run option
openTrigger().run("a/b", { parametres: {} });
`;

// Not with the clouds' declarations, which are 1.4 million lines: skipLibCheck would not say what is wrong in how pushpool's own import
// them. The programs of the documentation are checked with them (test/docs/blocks.test.ts).
const paths = Object.fromEntries(["gcp", "aws", "azure"].map((cloud) => [`@pulumi/${cloud}*`, ["./cloud.d.ts"]]));

test.each([
  ["CommonJS and ESM, node16", ["use.cts", "use.mts"], { module: "node16", moduleResolution: "node16" }],
  ["a bundler", ["use.ts"], { module: "esnext", moduleResolution: "bundler" }],
  ["old resolution (node10)", ["old.ts"], { module: "commonjs", moduleResolution: "node10" }],
])("types resolve: %s", (_, files, options) => {
  for (const file of files) writeFileSync(join(project, file), uses);
  writeFileSync(join(project, "cloud.d.ts"), "export {};\n");
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: { ...options, paths, target: "es2022", strict: true, noEmit: true, skipLibCheck: true, types: [] },
      files,
    }),
  );
  expect(() => run(process.execPath, join(repo, "node_modules", "typescript", "bin", "tsc"), "-p", project)).not.toThrow();
});
