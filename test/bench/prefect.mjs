// How soon `pushpool serve` starts a flow run, compared with Prefect's own process worker on the same server: from the reply of
// create_flow_run to the run's process and to RUNNING, and the load on the server.
//
// `npm run bench -- prefect` runs it alone. It takes about ten minutes, since the worker waits up to ten seconds before each run.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { countingProxy } from "./countingProxy.mjs";
import { median } from "./measure.mjs";
import { find, firstStart, memoryOf } from "./processes.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const require = createRequire(import.meta.url);
const { defaultTemplate } = require(join(root, "lib", "src", "template"));

const RUNS = 10;
/** How long to watch each dispatcher while it has nothing to do, in milliseconds. */
const IDLE = 30_000;
/** How many runs are pending when memory is measured, and how many of them are started: each one is several processes on this machine. */
const PENDING = 1_000;
const STARTED = 100;
const FLOW = `from prefect import flow


@flow
def trivial():
    return 1
`;

/** The tests' own module for real servers. */
async function loadServers(scratch) {
  const outfile = join(scratch, "server.cjs");
  await build({
    input: join(root, "test", "prefect", "server.ts"),
    platform: "node",
    output: { file: outfile, format: "cjs", codeSplitting: false },
    logLevel: "warn",
  });
  return require(outfile);
}

/** Call the server, again while it is too busy to answer. */
async function ask(server, method, path, body) {
  for (;;) {
    const init = { method, headers: { "content-type": "application/json" }, ...(body ? { body: JSON.stringify(body) } : {}) };
    const answer = await fetch(`${server.apiUrl}${path}`, init);
    if (answer.ok) return answer.status === 204 ? undefined : answer.json();
    if (answer.status !== 503) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    await sleep(50);
  }
}

/** A pool of this type with a deployment. */
async function aDeployment(server, { folder, pool, type, baseJobTemplate, concurrencyLimit = null, jobVariables }) {
  await ask(server, "POST", "/work_pools/", { name: pool, type, base_job_template: baseJobTemplate, concurrency_limit: concurrencyLimit });
  const flow = await ask(server, "POST", "/flows/", { name: "trivial" });
  return ask(server, "POST", "/deployments/", {
    name: pool,
    flow_id: flow.id,
    work_pool_name: pool,
    entrypoint: "flows.py:trivial",
    path: folder,
    // The run's own requests do not count for the dispatcher.
    job_variables: { working_dir: folder, env: { PREFECT_API_URL: server.apiUrl }, ...jobVariables },
  });
}

const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PREFECT_")));

function startDispatcher(argv, { server, folder, name, env }) {
  const log = join(folder, `${name}.log`);
  const out = openSync(log, "w");
  const child = spawn(argv[0], argv.slice(1), {
    cwd: folder,
    stdio: ["ignore", out, out],
    env: {
      ...inherited,
      PATH: `${join(server.venv, "bin")}:${process.env.PATH}`,
      PREFECT_HOME: join(folder, "prefect"),
      PREFECT_SERVER_ANALYTICS_ENABLED: "false",
      DO_NOT_TRACK: "1",
      ...env,
    },
  });
  return {
    pid: child.pid,
    says: async (text) => {
      for (const until = Date.now() + 120_000; !readFileSync(log, "utf8").includes(text); await sleep(100)) {
        if (child.exitCode !== null || Date.now() > until) throw new Error(`${name} does not begin: ${readFileSync(log, "utf8")}`);
      }
    },
    stop: () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      return ended;
    },
  };
}

/** Our dispatcher and Prefect's, each with the pool that it serves. */
const dispatchers = {
  worker: (query) => ({
    type: "process",
    // The worker sets its own template.
    baseJobTemplate: {},
    command: ({ server, pool }) => [join(server.venv, "bin", "prefect"), "worker", "start", "--pool", pool, "--type", "process"],
    env: query === undefined ? {} : { PREFECT_WORKER_QUERY_SECONDS: String(query) },
    begun: "started!",
    // Until it polls at its usual interval.
    rest: 12_000,
    // The wait depends on when in the interval a run is created: spread them evenly.
    pause: (n) => (query ?? 10) * 1000 * ((n * 0.618) % 1),
  }),
  ours: (startUp) => ({
    type: "process:push",
    baseJobTemplate: defaultTemplate("process:push"),
    command: ({ folder, pool, apiUrl }) => {
      const manifest = {
        kind: "pushpool.dev/manifest",
        version: 1,
        source: { project: "bench", stack: pool },
        pools: {},
        prefect: { apiUrl },
      };
      const file = join(folder, `${pool}.json`);
      writeFileSync(file, JSON.stringify(manifest), { mode: 0o600 });
      const serve = [join(root, "bin", "pushpool.cjs"), "serve", "--manifest", file, "--pool", pool, "--port", "0", "--start-up", startUp];
      return [process.execPath, ...serve];
    },
    env: {},
    begun: '"serving"',
    rest: 5_000,
    pause: () => 500,
  }),
};

async function withDispatcher(kind, { server, folder, name, concurrencyLimit, jobVariables = {} }, work) {
  const deployment = await aDeployment(server, { ...kind, folder, pool: name, concurrencyLimit, jobVariables });
  const proxy = await countingProxy(server.apiUrl);
  const home = join(folder, `${name}-home`);
  const env = { ...kind.env, PREFECT_API_URL: proxy.apiUrl, PUSHPOOL_HOME: home };
  const dispatcher = startDispatcher(kind.command({ server, folder, pool: name, apiUrl: proxy.apiUrl }), { server, folder, name, env });
  try {
    await dispatcher.says(kind.begun);
    await sleep(kind.rest);
    return await work({ deployment, dispatcher, proxy });
  } finally {
    await dispatcher.stop();
    proxy.close();
  }
}

const FINAL = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"];

/** One run after another. @returns medians in milliseconds, and the dispatcher's own requests */
function series(kind, parts) {
  return withDispatcher(kind, parts, async ({ deployment, proxy }) => {
    const { server } = parts;
    const idleFrom = proxy.requests();
    await sleep(IDLE);
    const idlePerMinute = ((proxy.requests() - idleFrom) * 60_000) / IDLE;
    const toProcess = [];
    const toRunning = [];
    let requests = 0;
    // The first run fills caches and does not count.
    for (let n = 0; n <= RUNS; n++) {
      await sleep(kind.pause(n));
      const before = proxy.requests();
      const run = await ask(server, "POST", `/deployments/${deployment.id}/create_flow_run`, {});
      const zero = Date.now();
      let started;
      for (;;) {
        started ??= firstStart({ command: /prefect/, environment: run.id });
        const { state } = await ask(server, "GET", `/flow_runs/${run.id}`);
        if (FINAL.includes(state.type)) {
          if (state.type !== "COMPLETED") throw new Error(`a run of ${parts.name} ended ${state.type}: ${state.message}`);
          break;
        }
        await sleep(50);
      }
      const states = await ask(server, "GET", `/flow_run_states/?flow_run_id=${run.id}`);
      const running = states.find(({ type }) => type === "RUNNING");
      if (n === 0) continue;
      requests += proxy.requests() - before;
      toProcess.push(started - zero);
      toRunning.push(Date.parse(running.timestamp) - zero);
    }
    return { toProcess: median(toProcess), toRunning: median(toRunning), perRun: requests / RUNS, idlePerMinute };
  });
}

/** A dispatcher's memory while this many runs are pending: none has reported yet, or they wait for their turn. */
function memoryWithPending(parts) {
  // A command that no other process on this machine has.
  const command = `sleep 86${process.pid}`;
  const pool = { concurrencyLimit: STARTED, jobVariables: { command } };
  return withDispatcher(dispatchers.ours("execute"), { ...parts, ...pool }, async ({ deployment, dispatcher }) => {
    const idle = memoryOf(dispatcher.pid);
    const { server } = parts;
    try {
      let made = 0;
      const some = async () => {
        while (made++ < PENDING) await ask(server, "POST", `/deployments/${deployment.id}/create_flow_run`, {});
      };
      await Promise.all([some(), some(), some()]);
      const running = () => find({ command: new RegExp(`^${command}`) });
      for (const until = Date.now() + 900_000; running().length < STARTED; await sleep(500)) {
        if (Date.now() > until) throw new Error(`only ${running().length} of ${STARTED} runs were started`);
      }
      await sleep(5_000);
      return { idle, loaded: memoryOf(dispatcher.pid) };
    } finally {
      for (const pid of find({ command: new RegExp(command) })) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has ended by itself.
        }
      }
    }
  });
}

/** @param report takes `(what, measured, ratio, goal)` */
export async function benchPrefect({ report }) {
  if (process.platform !== "linux") {
    console.log("pushpool serve against a Prefect worker: not measured, for it reads /proc");
    return;
  }
  const scratch = mkdtempSync(join(tmpdir(), "pushpool-bench-prefect-"));
  const folder = join(scratch, "flows");
  mkdirSync(folder);
  writeFileSync(join(folder, "flows.py"), FLOW);
  const { ownServer } = await loadServers(scratch);
  const withServer = async (options, work) => {
    const server = await ownServer(options);
    try {
      await work(server);
    } finally {
      await server.stop();
    }
  };
  try {
    await withServer({ home: join(scratch, "server") }, async (server) => {
      const of = (name, kind) => series(kind, { server, folder, name });
      const usual = await of("worker", dispatchers.worker());
      const eager = await of("eager-worker", dispatchers.worker(0.1));
      const ours = await of("ours", dispatchers.ours("execute"));
      const direct = await of("ours-engine", dispatchers.ours("engine"));
      const row = (what, mine, theirs, aim) =>
        report(what, `${mine.toFixed(0)} ms against ${theirs.toFixed(0)} ms`, `${(theirs / mine).toFixed(1)}x`, aim);
      row("serve: run created to process started, against a Prefect worker", ours.toProcess, usual.toProcess, ">= 20x sooner");
      row("serve: run created to RUNNING, against a Prefect worker", ours.toRunning, usual.toRunning, "");
      row("serve --start-up engine: to RUNNING, against a Prefect worker", direct.toRunning, usual.toRunning, ">= 3x sooner");
      row("serve --start-up engine: to RUNNING, against execute", direct.toRunning, ours.toRunning, "");
      row("serve: to process started, against a worker that polls every 0.1 s", ours.toProcess, eager.toProcess, "sooner");
      const count = (mine, theirs) => [`${mine.toFixed(1)} against ${theirs.toFixed(1)}`, `1/${(theirs / mine).toFixed(0)}`];
      report("serve: requests a minute with nothing to do, against that worker", ...count(ours.idlePerMinute, eager.idlePerMinute), "1/50");
      report(
        "serve: requests a minute with nothing to do, against a worker with default settings",
        ...count(ours.idlePerMinute, usual.idlePerMinute),
        "",
      );
      report("serve: requests a run, against that worker", ...count(ours.perRun, eager.perRun), "");
      report("serve: requests a run, against a worker with default settings", ...count(ours.perRun, usual.perRun), "");
    });
    // This many writers block a server with a database file for minutes.
    await withServer({ home: join(scratch, "busy-server"), oneConnection: true }, async (server) => {
      const { idle, loaded } = await memoryWithPending({ server, folder, name: "pending" });
      const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
      report("serve: memory with 1,000 runs pending (100 started) against none", `${megabytes(loaded)} against ${megabytes(idle)}`, "", "");
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
