import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { expect, onTestFinished, test, vi } from "vitest";
import type { JsonObject } from "../../../src/json";
import { scratch } from "../../scratch";
import { startToyCloud } from "./toyCloud";

// CONTRIBUTING.md says which lines a further target needs. With just those, a copy of pushpool runs on the toy cloud, whose target lies outside
// `src/`.

vi.setConfig({ testTimeout: 600_000 });
const root = join(__dirname, "..", "..", "..");

/** The lines of CONTRIBUTING.md that register a target, by their file: each goes before the end of its list. */
function registration(): [file: string, line: string][] {
  const text = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
  const [, block = ""] = /<!-- tested: test\/targets\/toy\/fifth\.test\.ts -->\s+```text\n([\s\S]*?)```/.exec(text) ?? [];
  return block
    .trim()
    .split("\n")
    .map((row) => row.trim().split(/ {2,}/) as [string, string]);
}

/** The end of the list of pool types in each of the files. */
const LIST_ENDS: Record<string, RegExp> = {
  "src/model/poolType.ts": /\] as const;/,
  "src/targets/kinds.ts": /\n\};\n$/,
  "src/manifest/manifest.schema.json": /\](?=\n[^\n]*\n[^\n]*"baseJobTemplate")/,
};

const COMPILED: ts.CompilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true };

/**
 * A copy of pushpool with the toy target registered. Only what that changes is built again: three modules and the command line. A build of
 * everything, as scripts/buildIfNeeded.mts makes it, takes ten times as long.
 */
function pushpoolWithToy(): string {
  const copy = scratch();
  for (const name of ["src", "lib", "scripts", "bin", "package.json", "tsconfig.json", "test/targets/toy", "test/runs/killed.cjs"])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const lines = registration();
  expect(lines.map(([file]) => file).sort()).toEqual(Object.keys(LIST_ENDS).sort());
  for (const [file, line] of lines) {
    const path = join(copy, file);
    const before = readFileSync(path, "utf8");
    const end = LIST_ENDS[file] as RegExp;
    expect(before).toMatch(end);
    const comma = file.endsWith("kinds.ts") ? "" : ", ";
    const own = line.replaceAll("NAME", "toy").replace("createNameTarget", "createToyTarget").replace("./toy/", "../../test/targets/toy/");
    writeFileSync(
      path,
      before.replace(end, (found) => `${comma}${own}${found}`),
    );
  }
  for (const path of [...lines.map(([file]) => file), "test/targets/toy/index.ts"]) {
    const text = readFileSync(join(copy, path), "utf8");
    const output = path.endsWith(".ts") ? ts.transpileModule(text, { compilerOptions: COMPILED }).outputText : text;
    mkdirSync(dirname(join(copy, "lib", path)), { recursive: true });
    writeFileSync(join(copy, "lib", path.replace(/\.ts$/, ".js")), output);
  }
  const built = spawnSync(process.execPath, [join(copy, "scripts", "bundle.mjs")], { encoding: "utf8" });
  expect([built.status, built.stderr]).toEqual([0, expect.not.stringContaining("rror")]);
  return copy;
}

test("with the lines that CONTRIBUTING.md names, runs go to a target from outside: run, ls, logs, cancel, kill -9", async () => {
  const cloud = await startToyCloud();
  onTestFinished(cloud.stop);
  const copy = pushpoolWithToy();
  const home = join(copy, ".pushpool");
  const properties = { command: { type: "string" }, env: { type: "object", default: {} } };
  const manifest: JsonObject = {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "data", stack: "dev" },
    pools: {
      toys: {
        type: "toy:push",
        baseJobTemplate: { job_configuration: { command: "{{ command }}", env: "{{ env }}" }, variables: { type: "object", properties } },
        endpoints: { toy: cloud.url },
      },
    },
    deployments: {
      "hello/toy": { command: `sh -c 'echo "got $PUSHPOOL_PARAMETERS"; exit 3'`, workPool: { name: "toys" } },
      "hello/long": { command: "sleep 600", workPool: { name: "toys" } },
      "count/once": { command: "true", workPool: { name: "toys" } },
    },
  };
  const file = join(copy, "manifest.json");
  writeFileSync(file, JSON.stringify(manifest), { mode: 0o600 });
  mkdirSync(home, { mode: 0o700 });
  const env = { ...process.env, PUSHPOOL_HOME: home, PUSHPOOL_MANIFEST: file, XDG_STATE_HOME: join(copy, "state"), NO_COLOR: "1" };
  // The toy cloud runs in this process, so it must not be blocked.
  const node = (...args: string[]) =>
    new Promise<{ status: number | null; signal: string | null; stdout: string; stderr: string }>((done) => {
      const child = spawn(process.execPath, args, { env, cwd: copy, stdio: ["ignore", "pipe", "pipe"] });
      const said = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"] as const)
        child[name].on("data", (chunk: Buffer) => {
          said[name] += chunk;
        });
      child.on("close", (status, signal) => done({ status, signal, ...said }));
    });
  const pushpool = (...args: string[]) => node(join(copy, "bin", "pushpool.cjs"), ...args);

  expect(await pushpool("pools")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^toys +toy:push/m) });
  expect(await pushpool("run", "hello/toy", "-p", "n=1")).toMatchObject({ status: 1, stdout: 'got {"n":1}\n' });
  const { stdout: id } = await pushpool("run", "hello/long", "--detach");
  expect(await pushpool("cancel", id.trim())).toMatchObject({ status: 0 });
  const states = async () =>
    (JSON.parse((await pushpool("ls", "--json")).stdout) as { runs: { id: string; state: { type: string } }[] }).runs;
  expect((await states()).map(({ state }) => state.type)).toEqual(["CANCELLED", "FAILED"]);
  expect(cloud.runs.size).toBe(2);

  const killed = (n: number) => node(join(copy, "test", "runs", "killed.cjs"), home, file, String(n), "after", join(home, "ledger.db"));
  const steps = (JSON.parse((await killed(0)).stdout) as { steps: number }).steps;
  for (const n of [2, 4, 6, 8].filter((each) => each < steps)) await killed(n);
  const seen = await states();
  for (const run of seen.slice(0, -2)) await pushpool("wait", run.id);
  const ends = (await states()).slice(0, -2).map(({ state }) => state.type);
  // Those that had not been written down before the kill were never sent either.
  expect([ends, cloud.runs.size]).toEqual([ends.map(() => "COMPLETED"), ends.length + 2]);
  expect(ends.length).toBeGreaterThan(2);
});
