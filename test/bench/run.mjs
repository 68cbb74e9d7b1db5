// `npm run bench`: the cost of the CLI and the trigger module, as ratios measured in one run. docs/performance.md quotes this table.
// `npm run bench -- ecs cloudRun` measures only these parts.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { benchAwsPools } from "./awsPools.mjs";
import { benchAzure } from "./azure.mjs";
import { benchAzurePools } from "./azurePools.mjs";
import { benchCloudRun } from "./cloudRun.mjs";
import { benchConstruct } from "./construct.mjs";
import { benchDeploy } from "./deploy.mjs";
import { benchEcs } from "./ecs.mjs";
import { benchEngine } from "./engine.mjs";
import { benchGcpPools } from "./gcpPools.mjs";
import { benchImages } from "./images.mjs";
import { benchLedger } from "./ledger.mjs";
import { compare } from "./measure.mjs";
import { benchPrefect } from "./prefect.mjs";
import { benchPython } from "./python.mjs";
import { benchUi } from "./ui.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const require = createRequire(import.meta.url);
const { openSqliteLedger } = require(join(root, "lib", "src", "ledger"));
const { openTrigger } = require("pushpool/trigger");

const node = process.execPath;
const bin = join(root, "bin", "pushpool.cjs");
const scratch = mkdtempSync(join(tmpdir(), "pushpool-bench-"));
const env = { ...process.env, PUSHPOOL_HOME: join(scratch, ".pushpool"), XDG_STATE_HOME: join(scratch, "state") };
const inProject = { cwd: join(here, "project"), env };

function pushpool(...args) {
  const { status, stderr, stdout } = spawnSync(node, [bin, ...args], { ...inProject, encoding: "utf8" });
  if (status !== 0) throw new Error(`pushpool ${args.join(" ")} ended with ${status}: ${stderr}${stdout}`);
}

function report(what, measured, ratio, aim) {
  console.log(`${what.padEnd(64)} ${measured.padEnd(26)} ${ratio.padEnd(8)} aim ${aim}`);
}
const against = ({ ours, theirs }) => `${ours.toFixed(0)} ms against ${theirs.toFixed(0)} ms`;
const times = ({ ratio }) => `${ratio.toFixed(2)}x`;

async function fill(home, count) {
  const ledger = openSqliteLedger(join(home, "ledger.db"));
  const at = new Date().toISOString();
  for (let n = 0; n < count; n++) {
    await ledger.createRun({
      run: {
        id: `0190${String(n).padStart(12, "0")}`,
        name: `run-${n}`,
        stack: "bench/dev",
        deployment: "bench/true",
        workPool: "local",
        workQueue: "default",
        parameters: {},
        jobVariables: {},
        tags: [],
        attempt: 1,
        state: { type: "COMPLETED", name: "Completed", timestamp: at },
        createdAt: at,
        version: 1,
      },
      poolType: "process:push",
      requestDigest: "",
      submission: {},
    });
  }
  ledger.close();
}

async function benchCommands() {
  const help = compare([node, bin, "--help"], [node, "-e", "0"], inProject);
  report("pushpool --help against node -e 0", against(help), times(help), "<= 1.5x");

  const list = compare([node, bin, "ls"], [node, "-e", "0"], inProject);
  report("pushpool ls against node -e 0", against(list), times(list), "<= 2x");

  const spawner = join(scratch, "spawn.cjs");
  writeFileSync(spawner, `require("node:child_process").spawn("true", { detached: true, stdio: "ignore" }).unref();`);
  const detached = compare([node, bin, "run", "bench/true", "--detach"], [node, spawner], inProject);
  report("run --detach of `true` against a node script that spawns it", against(detached), times(detached), "<= 2.5x");

  const homes = { few: join(scratch, "few"), many: join(scratch, "many") };
  for (const [size, count] of [
    ["few", 100],
    ["many", 100_000],
  ]) {
    mkdirSync(homes[size], { mode: 0o700 });
    await fill(homes[size], count);
  }
  // `env` for both: only their ledgers differ.
  const listIn = (home) => ["/usr/bin/env", `PUSHPOOL_HOME=${home}`, node, bin, "ls", "--stack", "dev", "--limit", "50"];
  const among = compare(listIn(homes.many), listIn(homes.few), inProject);
  report("ls of 50 among 100,000 runs against among 100", against(among), times(among), "<= 1.3x");
}

async function benchTrigger() {
  const trigger = openTrigger({ cwd: inProject.cwd, env });
  /** Submit this many runs, `atATime` at the same time. @returns runs per second */
  async function submit(count, atATime, afterEach = () => {}) {
    const start = Date.now();
    let begun = 0;
    const some = async () => {
      while (begun < count) {
        begun += 1;
        const mine = begun;
        await trigger.submit("bench/true");
        afterEach(mine);
      }
    };
    await Promise.all(Array.from({ length: atATime }, some));
    return count / ((Date.now() - start) / 1000);
  }
  const rss = () => {
    globalThis.gc?.();
    return process.memoryUsage().rss;
  };
  let memoryAt100 = 0;
  const oneByOne = await submit(1000, 1, (n) => {
    if (n === 100) memoryAt100 = rss();
  });
  const memory = rss();
  report("1,000 detached runs through pushpool/trigger, one after another", `${oneByOne.toFixed(0)} runs/s`, "", ">= 100/s");
  report(
    "memory after run 1,000 against after run 100",
    `${(memory / 1e6).toFixed(0)} MB against ${(memoryAt100 / 1e6).toFixed(0)} MB`,
    `${(memory / memoryAt100).toFixed(2)}x`,
    "<= 1.3x",
  );
  const fourAtATime = await submit(1000, 4);
  report("1,000 more, four at a time", `${fourAtATime.toFixed(0)} runs/s`, "", ">= 100/s");
  await trigger.close();
}

const parts = {
  commands: benchCommands,
  python: () => benchPython({ scratch, env, report }),
  deploy: () => benchDeploy({ scratch, env, report }),
  trigger: benchTrigger,
  engine: async () => {
    for (const { what, measured, ratio, aim } of await benchEngine()) report(what, measured, ratio, aim);
  },
  construct: async () => {
    for (const { what, measured, ratio, aim } of await benchConstruct()) report(what, measured, ratio, aim);
  },
  gcpPools: () => benchGcpPools({ scratch, env, report }),
  images: () => benchImages({ scratch, env, report }),
  awsPools: () => benchAwsPools({ scratch, env, report }),
  azurePools: () => benchAzurePools({ scratch, env, report }),
  cloudRun: () => benchCloudRun({ report }),
  ecs: () => benchEcs({ report }),
  azure: () => benchAzure({ report }),
  prefect: () => benchPrefect({ report }),
  ledger: () => benchLedger({ scratch, env, report }),
  ui: () => benchUi({ scratch, env, report }),
};

try {
  const asked = process.argv.slice(2);
  const unknown = asked.find((part) => !Object.hasOwn(parts, part));
  if (unknown !== undefined) throw new Error(`there is no part "${unknown}": the parts are ${Object.keys(parts).join(", ")}`);
  pushpool("up", "--engine", "offline");
  for (const [part, bench] of Object.entries(parts)) if (asked.length === 0 || asked.includes(part)) await bench();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
