// The cost of submitting through pushpool, compared with direct SDK calls, with a fake cloud.
import { fork, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compare } from "./measure.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const require = createRequire(import.meta.url);
const { openTrigger } = require("pushpool/trigger");

/** How long a reply takes, in milliseconds: much less than in a real cloud, so that our own share is visible. */
const LATENCY = 50;
/** For 500 submissions, so long that neither side waits for a core: of two cores, the fake needs one. */
const LATENCY_OF_MANY = 200;
const AT_A_TIME = 16;
const node = process.execPath;
const bin = join(root, "bin", "pushpool.cjs");

/** @param which "google", "aws" or "azure" */
export async function startCloud(which, options) {
  const child = fork(join(here, "fakeCloud.mjs"), [which, JSON.stringify(options)]);
  const answer = () => new Promise((resolve) => child.once("message", resolve));
  const ask = (message) => {
    child.send(message);
    return answer();
  };
  return {
    ...(await answer()),
    /** How many calls of each kind, since the last time. */
    calls: () => ask("calls"),
    /** The job or task definition of the first run. */
    shape: () => ask("shape"),
    /** Add copies of the existing run. @returns their infrastructure ids */
    fill: (runs) => ask({ runs }),
    stop: () => {
      child.send("stop");
      return new Promise((resolve) => child.once("exit", resolve));
    },
  };
}

/** A folder with a manifest with one pool and the deployment `bench/true`. */
export function place(scratch, name, { pool, block, jobVariables, env: more = {} }) {
  const folder = join(scratch, name);
  mkdirSync(join(folder, ".pushpool"), { recursive: true, mode: 0o700 });
  const manifest = {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "bench", stack: "dev" },
    pools: { etl: pool },
    blocks: { [pool.credentials]: { data: block } },
    variables: {},
    deployments: { "bench/true": { command: "true", workPool: { name: "etl", jobVariables } } },
  };
  const file = join(folder, "manifest.json");
  writeFileSync(file, JSON.stringify(manifest), { mode: 0o600 });
  const own = { PUSHPOOL_HOME: join(folder, ".pushpool"), XDG_STATE_HOME: join(folder, "state"), PUSHPOOL_MANIFEST: file };
  const env = { ...process.env, ...own, ...more };
  return { folder, file, env, pool, data: block, open: () => openTrigger({ cwd: folder, manifest: file, env }) };
}

/**
 * @param scratch an empty folder
 * @param which as in `startCloud`
 * @param options of the fake
 * @param ofMany additional options for the 500 submissions
 * @param turns the 500 submissions: how many turns of how many. `fresh`: each in a place of its own, so that it is within the cloud's quota
 * @param placed creates a place for the cloud
 * @param bare the same calls with the SDK alone, as anybody would write them: the source of a module that is also a script, and its
 * arguments
 */
export async function benchSubmitting({ scratch, which, options, ofMany = {}, turns = { count: 5, each: 100 }, placed, bare, report }) {
  // Where its packages are found.
  const script = join(root, "node_modules", `.bench-bare-${which}.cjs`);
  const quick = await startCloud(which, { ...options, simulated: true, latency: LATENCY });
  const slow = await startCloud(which, { ...options, ...ofMany, simulated: true, latency: LATENCY_OF_MANY });
  try {
    const one = placed(quick, scratch, `${which}-one`);
    const first = spawnSync(node, [bin, "run", "bench/true", "--detach"], { cwd: one.folder, env: one.env, encoding: "utf8" });
    if (first.status !== 0) throw new Error(first.stderr);
    writeFileSync(script, bare.source);
    const argumentsFor = async (cloud) => bare.args(cloud, await cloud.shape(), writeKey(scratch, which, cloud));
    const detached = compare([node, bin, "run", "bench/true", "--detach"], [node, script, ...(await argumentsFor(quick))], {
      cwd: one.folder,
      env: one.env,
    });
    report(
      "run --detach against a bare script of the same SDK calls",
      `${detached.ours.toFixed(0)} ms against ${detached.theirs.toFixed(0)} ms`,
      `${detached.ratio.toFixed(2)}x`,
      "<= 1.15x",
    );

    const opened = async (turn) => {
      const trigger = placed(slow, scratch, `${which}-many-${turn}`).open();
      await trigger.submit("bench/true");
      return trigger;
    };
    let trigger = await opened(0);
    const byHand = require(script).bare(...(await argumentsFor(slow)));
    await byHand(0);
    const all = turns.count * turns.each;
    // In turns, so that other load on the machine affects both equally.
    const counted = {};
    const took = { theirs: { wall: 0, cpu: 0 }, ours: { wall: 0, cpu: 0 } };
    for (let turn = 0; turn < turns.count; turn++) {
      if (turns.fresh && turn > 0) {
        await trigger.close();
        trigger = await opened(turn);
      }
      await timed(turns.each, byHand, took.theirs);
      await slow.calls();
      await timed(turns.each, () => trigger.submit("bench/true"), took.ours);
      for (const [name, count] of Object.entries(await slow.calls())) counted[name] = (counted[name] ?? 0) + count;
    }
    report(
      `${all} submits, ${AT_A_TIME} at a time, against the bare SDK loop`,
      `${(all / took.ours.wall).toFixed(0)}/s against ${(all / took.theirs.wall).toFixed(0)}/s`,
      `${(took.theirs.wall / took.ours.wall).toFixed(2)}x`,
      ">= 0.9x",
    );
    report(
      "processor time of a submit against that of the bare call",
      `${(took.ours.cpu / all).toFixed(1)} ms against ${(took.theirs.cpu / all).toFixed(1)} ms`,
      `${(took.ours.cpu / took.theirs.cpu).toFixed(2)}x`,
      "<= 1.3x",
    );
    const calls = Object.values(counted).reduce((sum, each) => sum + each, 0);
    report("API calls per submitted run", Object.keys(counted).join(", "), (calls / all).toFixed(2), "1");
    await trigger.close();
  } finally {
    rmSync(script, { force: true });
    await Promise.all([quick.stop(), slow.stop()]);
  }
}

function writeKey(scratch, which, { key }) {
  const file = join(scratch, `${which}-key.json`);
  writeFileSync(file, JSON.stringify(key), { mode: 0o600 });
  return file;
}

/** @param took adds up the cost: seconds of wall time, milliseconds of CPU time */
async function timed(count, work, took) {
  const start = performance.now();
  const cpu = process.cpuUsage();
  let begun = 0;
  const some = async () => {
    while (begun < count) {
      begun += 1;
      await work(begun);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, some));
  const { user, system } = process.cpuUsage(cpu);
  took.wall += (performance.now() - start) / 1000;
  took.cpu += (user + system) / 1000;
}
