// The cost of the provider for other languages: an `up` of a program that constructs pools by it, compared with the same pools in a
// TypeScript program. Both programs are JavaScript, so the difference is the provider alone. Printed as rows of { what, measured, ratio, aim }.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "./measure.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const { offlineStack } = createRequire(import.meta.url)(join(root, "lib", "src", "testing"));

const PROGRAMS = {
  own: (count) => `const { ProcessPushPool } = require("pushpool/local");
for (let n = 0; n < ${count}; n++) new ProcessPushPool("pool-" + n, { concurrencyLimit: 4 });`,
  constructed: (count) => `const pulumi = require("@pulumi/pulumi");
class Pool extends pulumi.ComponentResource {
  constructor(name, args) { super("pushpool:index:ProcessPushPool", name, { workPoolName: undefined, definition: undefined, ...args }, {}, true); }
}
for (let n = 0; n < ${count}; n++) new Pool("pool-" + n, { concurrencyLimit: 4 });`,
};

/** A program that uses the provider names the package in its project file, as `pushpool init` writes it. */
const PACKAGES = { own: "", constructed: "packages: { pushpool: ./node_modules/pushpool }\n" };

async function secondsOf(scratch, kind, count) {
  const dir = mkdtempSync(join(scratch, `${kind}-${count}-`));
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  writeFileSync(
    join(dir, "Pulumi.yaml"),
    `name: bench\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n${PACKAGES[kind]}`,
  );
  writeFileSync(join(dir, "package.json"), '{ "name": "bench", "private": true, "main": "index.js" }');
  writeFileSync(join(dir, "index.js"), PROGRAMS[kind](count));
  return secondsOfUp(dir, scratch);
}

/**
 * The `up` of a new stack of the project in a folder, in seconds.
 * @param scratch holds the compiled code of all rounds, as a user's machine does from the second command on
 */
async function secondsOfUp(dir, scratch) {
  mkdirSync(join(dir, "home"));
  const env = { ...process.env, PULUMI_CONFIG_PASSPHRASE: "", NODE_COMPILE_CACHE: join(scratch, "compiled") };
  const stack = offlineStack({ projectDir: dir, home: join(dir, "home"), env });
  const start = performance.now();
  await stack.up();
  return (performance.now() - start) / 1000;
}

/**
 * An `up` of one local pool in Python, against TypeScript.
 * @param venv the folder of a venv with the package `pulumi`
 */
export async function benchPythonUp({ venv, rounds = 5 }) {
  const scratch = mkdtempSync(join(tmpdir(), "pushpool-bench-up-"));
  const inPython = () => {
    const dir = mkdtempSync(join(scratch, "python-"));
    symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
    symlinkSync(join(root, "lib", "sdk", "python", "pulumi_pushpool"), join(dir, "pulumi_pushpool"));
    writeFileSync(
      join(dir, "Pulumi.yaml"),
      `name: bench\nruntime: { name: python, options: { toolchain: pip, virtualenv: ${venv} } }\n${PACKAGES.constructed}`,
    );
    writeFileSync(join(dir, "__main__.py"), 'import pulumi_pushpool\npulumi_pushpool.ProcessPushPool("pool-0", concurrency_limit=4)\n');
    return secondsOfUp(dir, scratch);
  };
  const times = { python: [], own: [] };
  try {
    // The first round compiles.
    await secondsOf(scratch, "own", 1);
    await inPython();
    for (let round = 0; round < rounds; round++) {
      times.own.push(await secondsOf(scratch, "own", 1));
      times.python.push(await inPython());
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const [python, own] = [median(times.python), median(times.own)];
  return {
    what: "up of 1 local pool in Python, against TypeScript",
    measured: `${python.toFixed(2)} s against ${own.toFixed(2)} s`,
    ratio: `${(python / own).toFixed(2)}x`,
    aim: "-",
  };
}

export async function benchConstruct({ rounds = 5 } = {}) {
  const scratch = mkdtempSync(join(tmpdir(), "pushpool-bench-construct-"));
  const rows = [];
  try {
    // The first round compiles.
    for (const kind of ["own", "constructed"]) await secondsOf(scratch, kind, 1);
    for (const count of [1, 100]) {
      const times = { own: [], constructed: [] };
      // In turns, so that other load on the machine affects both equally.
      for (let round = 0; round < rounds; round++)
        for (const kind of ["own", "constructed"]) times[kind].push(await secondsOf(scratch, kind, count));
      const [own, constructed] = [median(times.own), median(times.constructed)];
      rows.push({
        what: `up of ${count} pool${count > 1 ? "s" : ""} by the provider, against TypeScript`,
        measured: `${constructed.toFixed(2)} s against ${own.toFixed(2)} s`,
        ratio: `${(constructed / own).toFixed(2)}x`,
        aim: "<= 1.5x",
      });
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return rows;
}
