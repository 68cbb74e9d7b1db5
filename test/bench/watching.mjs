// The cost of watching thousands of running runs on a fake cloud.
import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startCloud } from "./submitting.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const { openSqliteLedger } = require(join(here, "..", "..", "lib", "src", "ledger"));

/**
 * @param scratch, which, options, placed as in `benchSubmitting`
 * @param count number of runs
 * @param calls the goal for calls per minute
 * @param seenBy why not all are seen in that time, if so
 * @param noted the target's note in the ledger for one run: key and value
 */
export async function benchWatching({ scratch, which, options, placed, count, calls, seenBy = "", noted, report }) {
  const cloud = await startCloud(which, { ...options, simulated: true });
  try {
    const { folder, file, env, open } = placed(cloud, scratch, `${which}-watched`);
    const trigger = open();
    const { id } = await trigger.submit("bench/true");
    while ((await trigger.watch(id, { timeoutMs: 1_000, logs: false })).state.type !== "RUNNING");
    await trigger.close();
    const started = await cloud.fill(count);
    await record(join(env.PUSHPOOL_HOME, "ledger.db"), id, started, noted);
    const ids = join(scratch, `${which}-ids.json`);
    writeFileSync(ids, JSON.stringify(started.map((_, n) => idOf(n))));

    // In another process: what creating the runs needed does not count for it.
    const before = Date.now();
    await cloud.calls();
    const child = fork(join(here, "watchMany.mjs"), [folder, file, ids], { env });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const { peak, running, answered } = await new Promise((resolve) => child.once("message", resolve));
    // Nothing that nobody waits for may keep the process alive.
    const exited = await Promise.race([ended.then(() => true), new Promise((resolve) => setTimeout(resolve, 10_000))]);
    if (!exited) {
      child.kill("SIGKILL");
      throw new Error("the watching process did not end after its watches were aborted");
    }
    const counted = await cloud.calls();
    const perMinute = Object.values(counted).reduce((sum, each) => sum + each, 0) / ((Date.now() - before) / 60_000);
    report(`memory with ${count} runs watched, peak, through pushpool/trigger`, `${(peak / 1e6).toFixed(0)} MB`, "", "< 250 MB");
    report(`of ${count} watched, seen RUNNING after 45 s`, `${running}${seenBy}`, "", "");
    report(`from the abort to the end of ${count} watches`, `${answered.toFixed(0)} ms`, "", "< 5000 ms");
    report(`API calls a minute to watch ${count}`, JSON.stringify(counted), perMinute.toFixed(0), calls);
  } finally {
    await cloud.stop();
  }
}

function idOf(n) {
  return `0190${String(n).padStart(4, "0")}-0000-7000-8000-${String(n).padStart(12, "0")}`;
}

/** Record runs in flight in the ledger, each as a copy of the submitted one. */
async function record(path, like, infrastructureIds, noted) {
  const ledger = openSqliteLedger(path);
  const { run, poolType, submission } = await ledger.read(like);
  const [key, value] = noted ? await noted(ledger, run.infrastructureId) : [];
  const at = new Date().toISOString();
  for (const [n, infrastructureId] of infrastructureIds.entries()) {
    const { infrastructureId: _, startedAt, ...rest } = run;
    const id = idOf(n);
    const state = { type: "SCHEDULED", name: "Scheduled", timestamp: at };
    await ledger.createRun({ run: { ...rest, id, name: `run-${n}`, state, version: 1 }, poolType, requestDigest: "", submission });
    const pending = { type: "PENDING", name: "InfrastructurePending", timestamp: at };
    await ledger.change(id, 1, { state: pending, infrastructureId }, "soon");
    if (key) await ledger.swapNote(key.replace(run.infrastructureId, infrastructureId), undefined, value);
  }
  ledger.close();
}
