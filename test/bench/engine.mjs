// The cost of the offline engine: an `up` of 300 resources, compared with the program's own run plus one provider call for each
// (`engineFloor.mjs`); the second `up`; the time for 10, 100 and 1,000 resources; memory. Printed as rows of { what, measured, ratio, aim
// }.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runBare } from "./engineFloor.mjs";
import { median } from "./measure.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const lib = join(root, "lib");
const { OfflineEngine } = createRequire(import.meta.url)(join(lib, "src", "testing"));

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

async function seconds(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function floorOf(count) {
  const dir = projectOf(count);
  return seconds(() => runBare({ lib, dir, provider: bench }));
}

async function timesOf(count) {
  const engine = new OfflineEngine({ projectDir: projectOf(count), providers: { bench } });
  const first = await seconds(() => engine.up());
  const second = await seconds(() => engine.up());
  engine.close();
  return { first, second };
}

/** Measured in turns, so that other load on the machine affects both equally. */
async function against(count, rounds) {
  const times = { floor: [], first: [], second: [] };
  for (let round = 0; round < rounds; round++) {
    times.floor.push(await floorOf(count));
    const { first, second } = await timesOf(count);
    times.first.push(first);
    times.second.push(second);
  }
  return Object.fromEntries(Object.entries(times).map(([what, taken]) => [what, median(taken)]));
}

/** @returns rows for the table of `npm run bench` */
export async function benchEngine() {
  await timesOf(10); // Fills the compile cache.
  const taken = {};
  let memory = [];
  for (const count of [10, 100, 300, 1000]) {
    memory = [...memory, process.memoryUsage().rss / 1024 / 1024].slice(-1);
    taken[count] = await against(count, count === 300 ? 5 : 3);
  }
  memory.push(process.memoryUsage().rss / 1024 / 1024);
  rmSync(scratch, { recursive: true, force: true });
  const ratio = (ours, theirs) => `${(ours / theirs).toFixed(2)}x`;
  const oneMore = (few, many) => ((taken[many].first - taken[few].first) / (many - few)) * 1000;
  const { first, second } = taken[300];
  return [
    ...Object.entries(taken).map(([count, { first, floor }]) => ({
      what: `offline up of ${count} resources against program and provider`,
      measured: `${first.toFixed(1)} s against ${floor.toFixed(1)} s`,
      ratio: ratio(first, floor),
      aim: count === "300" ? "<= 1.5x" : "–",
    })),
    {
      what: "the second offline up of 300 against the first",
      measured: `${second.toFixed(1)} s against ${first.toFixed(1)} s`,
      ratio: ratio(second, first),
      aim: "<= 1x",
    },
    {
      what: "one more resource, from 300 to 1,000 against from 100 to 300",
      measured: `${oneMore(300, 1000).toFixed(1)} ms against ${oneMore(100, 300).toFixed(1)} ms`,
      ratio: ratio(oneMore(300, 1000), oneMore(100, 300)),
      aim: "linear: ~1x",
    },
    {
      what: "memory before and after 1,000 resources",
      measured: memory.map((it) => `${it.toFixed(0)} MB`).join(", "),
      ratio: "–",
      aim: "–",
    },
  ];
}
