// The cost of running a Python function through pushpool, compared with running its file; and of reading many flows.
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { benchPythonUp } from "./construct.mjs";
import { compare, median } from "./measure.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const require = createRequire(import.meta.url);
const { inspectEntrypoints } = require(join(root, "lib", "src", "entrypoint"));
const { defaultTemplate } = require(join(root, "lib", "src", "template"));

const FILE = `def hello(name: str = "world"):
    print(f"Hello, {name}!")


if __name__ == "__main__":
    hello()
`;

/**
 * @param scratch a folder to work in
 * @param env the commands' environment; `PUSHPOOL_MANIFEST` is set here
 * @param report takes `(what, measured, ratio, goal)`
 */
export async function benchPython({ scratch, env, report }) {
  const folder = join(scratch, "python");
  mkdirSync(folder);
  writeFileSync(join(folder, "flows.py"), FILE);
  const workPool = { name: "local", jobVariables: { working_dir: folder } };
  const manifest = {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "bench", stack: "dev" },
    pools: { local: { type: "process:push", baseJobTemplate: defaultTemplate("process:push") } },
    deployments: {
      "bench/true": { command: "true", workPool },
      "bench/python": { entrypoint: "flows.py:hello", parameters: { name: "Ada" }, workPool },
    },
  };
  const file = join(folder, "manifest.json");
  writeFileSync(file, JSON.stringify(manifest), { mode: 0o600 });
  const options = { cwd: folder, env: { ...env, PUSHPOOL_MANIFEST: file } };
  const run = (name) => [process.execPath, join(root, "bin", "pushpool.cjs"), "run", name];

  const both = `python3 flows.py && exec "$@"`;
  const { ours, theirs, ratio } = compare(run("bench/python"), ["/bin/sh", "-c", both, "sh", ...run("bench/true")], options);
  const measured = `${ours.toFixed(0)} ms against ${theirs.toFixed(0)} ms`;
  report("run of a Python function against python3 file.py, then run of `true`", measured, `${ratio.toFixed(2)}x`, "<= 1.5x");

  const up = await benchPythonUp({ venv: await pulumiVenv(scratch) });
  report(up.what, up.measured, up.ratio, up.aim);

  const names = Array.from({ length: 500 }, (_, n) => `flow_${n}`);
  for (let n = 0; n < 50; n++) {
    const functions = names
      .slice(n * 10, n * 10 + 10)
      .map((name) => `@flow\ndef ${name}(day: str = "today", n: int = 1):\n    return day\n`);
    writeFileSync(join(folder, `flows_${n}.py`), `from prefect import flow\n\n${functions.join("\n")}`);
  }
  const entrypoints = names.map((name, n) => `flows_${Math.floor(n / 10)}.py:${name}`);
  const times = [];
  for (let round = 0; round < 7; round++) {
    const start = performance.now();
    await inspectEntrypoints(entrypoints, { cwd: folder, env });
    times.push(performance.now() - start);
  }
  report("reading 500 flows of 50 Python files", `${median(times).toFixed(0)} ms`, "", "-");
}

/** The venv of the tests, which have it in TypeScript. */
async function pulumiVenv(scratch) {
  const file = join(scratch, "pulumiVenv.cjs");
  const output = { file, format: "cjs", codeSplitting: false };
  await build({ input: join(root, "test", "pulumiVenv.ts"), platform: "node", output, logLevel: "warn" });
  return require(file).pulumiVenv();
}
