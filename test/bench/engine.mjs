// What the offline engine costs: an `up` of 300 resources against the program's own run plus one call of a provider for each; the second `up`; how the
// time grows from 10 over 100 to 1,000 resources; memory. Printed as rows of { what, measured, ratio, aim }.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const require = createRequire(import.meta.url);
const { OfflineEngine, serveProvider } = require(join(root, "lib", "src", "testing"));

const scratch = mkdtempSync(join(tmpdir(), "pushpool-bench-engine-"));
symlinkSync(join(root, "node_modules"), join(scratch, "node_modules"));

function projectOf(count) {
  const dir = join(scratch, String(count));
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "Pulumi.yaml"), "name: bench\nruntime: nodejs\nmain: index.js\n");
  writeFileSync(join(dir, "package.json"), '{ "name": "bench", "private": true, "main": "index.js" }');
  writeFileSync(
    join(dir, "index.js"),
    `const pulumi = require("@pulumi/pulumi");
     class Thing extends pulumi.CustomResource { constructor(name, args) { super("bench:index:Thing", name, { url: undefined, ...args }); } }
     for (let n = 0; n < ${count}; n++) new Thing("t" + n, { n, key: "some text of a usual length" });`,
  );
  return dir;
}

const bench = { resources: { "bench:index:Thing": { create: (_, { name }) => ({ id: name, outputs: { url: `https://${name}.test` } }) } } };
const calls = { count: 0 };
const intercept = (_, proceed) => {
  calls.count++;
  return proceed();
};
const seconds = async (work) => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
};

/** The floor: the same program on the SDK's own mocks, and one create over gRPC for each resource. */
async function floorOf(count) {
  const dir = projectOf(count);
  const mocked = join(dir, "mocked.js");
  writeFileSync(
    mocked,
    `const pulumi = require("@pulumi/pulumi");
     pulumi.runtime.setMocks({ newResource: (args) => ({ id: args.name, state: args.inputs }), call: () => ({}) });
     require("./index.js");`,
  );
  const own = await seconds(async () => {
    const { status, stderr } = spawnSync(process.execPath, [mocked], { cwd: dir, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  });
  const { Connection } = require(join(root, "lib", "src", "engine", "providers", "connection.js"));
  const { findSdk } = require(join(root, "lib", "src", "engine", "grpc", "protocol.js"));
  const protocol = findSdk(dir).load();
  const { port, stop } = await serveProvider(bench);
  const connection = new Connection(protocol, `127.0.0.1:${port}`);
  await connection.ready();
  const asking = await seconds(() =>
    Promise.all(
      Array.from({ length: count }, (_, n) =>
        connection.call("create", new protocol.provider.CreateRequest().setUrn(`urn:pulumi:dev::bench::bench:index:Thing::t${n}`)),
      ),
    ),
  );
  connection.close();
  stop();
  return own + asking;
}

async function timesOf(count) {
  const engine = new OfflineEngine({ projectDir: projectOf(count), providers: { bench }, intercept });
  const first = await seconds(() => engine.up());
  const second = await seconds(() => engine.up());
  engine.close();
  return { first, second };
}

/** @returns rows for the table of `npm run bench` */
export async function benchEngine() {
  await timesOf(10); // Fills the compile cache.
  const floor = await floorOf(300);
  const { first, second } = await timesOf(300);
  const [ten, hundred, thousand] = [await timesOf(10), await timesOf(100), await timesOf(1000)];
  const perResource = (count, time) => ((time - ten.first) / count) * 1000;
  const memory = process.memoryUsage().rss / 1024 / 1024;
  rmSync(scratch, { recursive: true, force: true });
  return [
    {
      what: "offline up of 300 resources against program and provider",
      measured: `${first.toFixed(1)} s against ${floor.toFixed(1)} s`,
      ratio: `${(first / floor).toFixed(2)}x`,
      aim: "<= 1.5x",
    },
    { what: "the second offline up of them", measured: `${second.toFixed(1)} s`, ratio: `${(second / first).toFixed(2)}x`, aim: "<= 1x" },
    {
      what: "one more resource, of 1,000 against of 100",
      measured: `${perResource(990, thousand.first).toFixed(1)} ms against ${perResource(90, hundred.first).toFixed(1)} ms`,
      ratio: `${(perResource(990, thousand.first) / perResource(90, hundred.first)).toFixed(2)}x`,
      aim: "linear: ~1x",
    },
    { what: "memory after all of that", measured: `${memory.toFixed(0)} MB`, ratio: "–", aim: "–" },
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const { what, measured, ratio, aim } of await benchEngine())
    console.log(`${what.padEnd(64)} ${measured.padEnd(26)} ${ratio.padEnd(8)} aim ${aim}`);
