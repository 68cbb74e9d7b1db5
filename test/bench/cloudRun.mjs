// What runs on Cloud Run cost beside the same SDK calls made by hand, against the fake.
import { fork, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compare } from "./measure.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const require = createRequire(import.meta.url);
const { openSqliteLedger } = require(join(root, "lib", "src", "ledger"));
const { openTrigger } = require("pushpool/trigger");

/** How long Google takes to answer, in milliseconds: far less than it really does, so that our own share is not hidden. */
const LATENCY = 50;
const node = process.execPath;
const bin = join(root, "bin", "pushpool.cjs");

async function startGoogle(options) {
  const child = fork(join(here, "fakeGoogleCloud.mjs"), [JSON.stringify(options)]);
  const answer = () => new Promise((resolve) => child.once("message", resolve));
  const { url, key, runtimeAccount } = await answer();
  return {
    url,
    key,
    runtimeAccount,
    calls: () => {
      child.send("calls");
      return answer();
    },
    fill: (executions) => {
      child.send({ executions });
      return answer();
    },
    stop: () => {
      child.send("stop");
      return new Promise((resolve) => child.once("exit", resolve));
    },
  };
}

function place(google, scratch, name) {
  const folder = join(scratch, name);
  mkdirSync(join(folder, ".pushpool"), { recursive: true, mode: 0o700 });
  const template = JSON.parse(readFileSync(join(root, "test", "fixtures", "base-job-templates", "cloud-run-v2.from-code.json"), "utf8"));
  const manifest = {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "bench", stack: "dev" },
    pools: {
      etl: {
        type: "cloud-run-v2:push",
        baseJobTemplate: template,
        credentials: "gcp-credentials/etl",
        endpoints: { run: google.url, logging: google.url },
      },
    },
    blocks: { "gcp-credentials/etl": { data: { service_account_info: google.key } } },
    variables: {},
    deployments: {
      "bench/true": {
        command: "true",
        workPool: {
          name: "etl",
          jobVariables: { region: "europe-west1", image: "acme/etl:1", service_account_name: google.runtimeAccount },
        },
      },
    },
  };
  const file = join(folder, "manifest.json");
  writeFileSync(file, JSON.stringify(manifest), { mode: 0o600 });
  const env = { ...process.env, PUSHPOOL_HOME: join(folder, ".pushpool"), XDG_STATE_HOME: join(folder, "state"), PUSHPOOL_MANIFEST: file };
  return { folder, file, env, open: () => openTrigger({ cwd: folder, manifest: file, env }) };
}

/** The same calls with the SDK alone, as anybody would write them. */
const BARE = `
const { v2 } = require("@google-cloud/run");
const { GoogleAuth, JWT } = require("google-auth-library");
const { readFileSync } = require("node:fs");
exports.bare = function bare(url, keyFile, job) {
  const key = JSON.parse(readFileSync(keyFile, "utf8"));
  const client = new JWT({ email: key.client_email, key: key.private_key, keyId: key.private_key_id, scopes: ["https://www.googleapis.com/auth/cloud-platform"] });
  client.useJWTAccessWithScope = true;
  const { hostname, port } = new URL(url);
  const jobs = new v2.JobsClient({ auth: new GoogleAuth({ authClient: client }), fallback: true, apiEndpoint: hostname, port: Number(port), protocol: "http" });
  return async (n) => {
    const env = [{ name: "PUSHPOOL_PARAMETERS", value: "{}" }, { name: "N", value: String(n) }];
    const [operation] = await jobs.runJob({ name: job, overrides: { containerOverrides: [{ env }], timeout: { seconds: 600 } } });
    return operation.metadata.name;
  };
};
if (require.main === module) exports.bare(...process.argv.slice(2))(0).then((name) => console.log(name));
`;

async function times(count, atATime, work) {
  const start = Date.now();
  let begun = 0;
  const some = async () => {
    while (begun < count) {
      begun += 1;
      await work(begun);
    }
  };
  await Promise.all(Array.from({ length: atATime }, some));
  return count / ((Date.now() - start) / 1000);
}

/** @param report takes a row: what, measured, ratio, aim */
export async function benchCloudRun({ report }) {
  const scratch = mkdtempSync(join(tmpdir(), "pushpool-bench-"));
  try {
    await submitting(scratch, report);
    await watching(scratch, report);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function submitting(scratch, report) {
  const google = await startGoogle({ simulated: true, start: 3_600_000, latency: LATENCY });
  try {
    const one = place(google, scratch, "one");
    const first = spawnSync(node, [bin, "run", "bench/true", "--detach"], { cwd: one.folder, env: one.env, encoding: "utf8" });
    if (first.status !== 0) throw new Error(first.stderr);
    const { executions } = await google.calls();
    const job = executions[0].slice(0, executions[0].indexOf("/executions/"));
    const script = join(root, "node_modules", ".bench-bare.cjs");
    writeFileSync(script, BARE);
    const keyFile = join(scratch, "key.json");
    writeFileSync(keyFile, JSON.stringify(google.key), { mode: 0o600 });

    const detached = compare([node, bin, "run", "bench/true", "--detach"], [node, script, google.url, keyFile, job], {
      cwd: one.folder,
      env: one.env,
    });
    report(
      "run --detach against a bare script of the same SDK calls",
      `${detached.ours.toFixed(0)} ms against ${detached.theirs.toFixed(0)} ms`,
      `${detached.ratio.toFixed(2)}x`,
      "<= 1.15x",
    );

    const trigger = one.open();
    const { bare } = require(script);
    const byHand = bare(google.url, keyFile, job);
    await byHand(0);
    await trigger.submit("bench/true");
    await google.calls();
    // In turns, so that whatever else the machine does meets both alike.
    const took = { theirs: 0, ours: 0 };
    for (let turn = 0; turn < 10; turn++) {
      took.theirs += 50 / (await times(50, 16, byHand));
      took.ours += 50 / (await times(50, 16, () => trigger.submit("bench/true")));
    }
    const [ours, theirs] = [500 / took.ours, 500 / took.theirs];
    const { counted } = await google.calls();
    report(
      "500 submits, 16 at a time, against the bare SDK loop",
      `${ours.toFixed(0)}/s against ${theirs.toFixed(0)}/s`,
      `${(ours / theirs).toFixed(2)}x`,
      ">= 0.9x",
    );
    const calls = Object.values(counted).reduce((sum, each) => sum + each, 0);
    report("API calls per submitted run", Object.keys(counted).join(", "), (calls / 500 - 1).toFixed(2), "1");
    await trigger.close();
    rmSync(script);
  } finally {
    await google.stop();
  }
}

async function watching(scratch, report) {
  const many = await startGoogle({ simulated: true, start: 0 });
  try {
    const { folder, file, env, open } = place(many, scratch, "many");
    const watcher = open();
    const { id } = await watcher.submit("bench/true");
    while ((await watcher.watch(id, { timeoutMs: 1_000, logs: false })).state.type !== "RUNNING");
    const { executions: started } = await many.fill(10_000);
    await many.calls();
    await record(join(env.PUSHPOOL_HOME, "ledger.db"), started);

    await watcher.close();
    const ids = join(scratch, "ids.json");
    writeFileSync(ids, JSON.stringify(started.map((_, n) => idOf(n))));
    // In processes of their own: what was needed to make the runs is not theirs.
    const watch = async (execArgv) => {
      const before = Date.now();
      await many.calls();
      const child = fork(join(here, "watchMany.mjs"), [folder, file, ids], { env, execArgv });
      const { peak, running, count } = await new Promise((resolve) => child.once("message", resolve));
      const { counted } = await many.calls();
      const reads = Object.values(counted).reduce((sum, each) => sum + each, 0) / ((Date.now() - before) / 60_000);
      return { peak: `${(peak / 1e6).toFixed(0)} MB`, what: `${count} runs watched (${running} seen RUNNING)`, reads, counted };
    };
    const { peak, what, reads, counted } = await watch(["--max-semi-space-size=16"]);
    report(`memory with ${what}, peak, with --max-semi-space-size=16`, peak, "", "< 250 MB");
    report("API calls a minute to watch them", JSON.stringify(counted), reads.toFixed(0), "< 3000");
    const asItComes = await watch([]);
    report(`the same with the room for garbage that node takes by itself (${asItComes.what})`, asItComes.peak, "", "");
  } finally {
    await many.stop();
  }
}

function idOf(n) {
  return `0190${String(n).padStart(4, "0")}-0000-7000-8000-${String(n).padStart(12, "0")}`;
}

/** Runs in flight as the ledger has them. */
async function record(path, executions) {
  const ledger = openSqliteLedger(path);
  const at = new Date().toISOString();
  for (const [n, infrastructureId] of executions.entries()) {
    const { record } = await ledger.createRun({
      run: {
        id: idOf(n),
        name: `run-${n}`,
        stack: "bench/dev",
        deployment: "bench/true",
        workPool: "etl",
        workQueue: "default",
        parameters: {},
        jobVariables: {},
        tags: [],
        attempt: 1,
        state: { type: "SCHEDULED", name: "Scheduled", timestamp: at },
        createdAt: at,
        version: 1,
      },
      poolType: "cloud-run-v2:push",
      requestDigest: "",
      submission: {},
    });
    const pending = { type: "PENDING", name: "InfrastructurePending", timestamp: at };
    await ledger.change(record.run.id, record.run.version, { state: pending, infrastructureId });
  }
  ledger.close();
}
