// The run page: what a browser and many open pages cost.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { findChromium } from "../browser/chromium.mts";
import { seedRuns } from "../browser/seed.mts";
import { median } from "./measure.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const bin = join(root, "bin", "pushpool.cjs");
const { defaultTemplate } = createRequire(import.meta.url)(join(root, "lib", "src", "template"));

const STACK = "bench/dev";
/** How often each figure is measured. */
const ROUNDS = 9;
const PAGES = 20;
const LINES_PER_SECOND = 1_000;

/** @param scratch an empty folder for this part, which the caller deletes */
export async function benchUi({ scratch, env, report }) {
  const files = join(root, "lib", "web", "assets");
  const scripts = readdirSync(files).filter((file) => file.endsWith(".js"));
  const bytes = scripts.reduce((sum, file) => sum + gzipSync(readFileSync(join(files, file))).length, 0);
  report("script of the run page, compressed", `${(bytes / 1000).toFixed(1)} kB`, "", "< 60 kB");

  const few = await placeIn(join(scratch, "ui-few"), env, 100);
  const many = await placeIn(join(scratch, "ui-many"), env, 100_000);
  await benchStart(few, report);

  const { version: _, ...options } = await findChromium();
  const browser = await chromium.launch(options);
  try {
    await benchFirstPaint(browser, few, many, report);
    await benchLogs(browser, few, report);
  } finally {
    await browser.close();
  }
}

/** A folder with a work pool on this machine and this many runs. */
async function placeIn(folder, env, count) {
  const home = join(folder, ".pushpool");
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const flow = `${process.execPath} ${join(here, "..", "browser", "flow.cjs")} lines ${folder} ${LINES_PER_SECOND}`;
  const manifest = {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "bench", stack: "dev" },
    pools: { local: { type: "process:push", baseJobTemplate: defaultTemplate("process:push") } },
    deployments: { "bench/lines": { command: flow, workPool: { name: "local" } } },
  };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest), { mode: 0o600 });
  const deployments = [{ name: "bench/lines", workPool: "local", poolType: "process:push", seconds: 60 }];
  await seedRuns(join(home, "ledger.db"), { count, stack: STACK, deployments, until: new Date(), span: 86_400 });
  return { folder, env: { ...env, PUSHPOOL_HOME: home, PUSHPOOL_MANIFEST: join(folder, "manifest.json") } };
}

/** Start `pushpool ui` and wait for its address. */
async function startUi({ folder, env }) {
  const child = spawn(process.execPath, [bin, "ui", "--no-open", "--port", "0"], { cwd: folder, env, stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const url = await new Promise((resolve) => child.stdout.once("data", (line) => resolve(String(line).trim())));
  return {
    url,
    origin: new URL(url).origin,
    pid: child.pid,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}

async function benchStart(place, report) {
  const times = { ui: [], help: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    const before = performance.now();
    const ui = await startUi(place);
    const between = performance.now();
    await ui.stop();
    const after = performance.now();
    spawnSync(process.execPath, [bin, "--help"], { cwd: place.folder, env: place.env, stdio: "ignore" });
    // The first round fills caches.
    if (round === 0) continue;
    times.ui.push(between - before);
    times.help.push(performance.now() - after);
  }
  const [ui, help] = [median(times.ui), median(times.help)];
  const measured = `${ui.toFixed(0)} ms against ${help.toFixed(0)} ms`;
  report("pushpool ui to its address, against pushpool --help", measured, `${(ui / help).toFixed(2)}x`, "<= 3x");
}

async function benchFirstPaint(browser, few, many, report) {
  const uis = [await startUi(few), await startUi(many)];
  const contexts = await Promise.all(uis.map(() => browser.newContext()));
  const pages = await Promise.all(contexts.map((context) => context.newPage()));
  for (const [n, page] of pages.entries()) await page.goto(uis[n].url);
  const times = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [n, page] of pages.entries()) {
      await page.goto("about:blank");
      const before = performance.now();
      await page.goto(`${uis[n].origin}/`);
      await page.locator("[data-testid=run-row]").first().waitFor();
      if (round > 0) times[n].push(performance.now() - before);
    }
  }
  for (const context of contexts) await context.close();
  for (const ui of uis) await ui.stop();
  const [ofFew, ofMany] = times.map(median);
  const measured = `${ofMany.toFixed(0)} ms against ${ofFew.toFixed(0)} ms`;
  report("first rows in the browser, of 100,000 runs against 100", measured, `${(ofMany / ofFew).toFixed(2)}x`, "<= 1.3x");
}

/** Many pages on a run that logs fast: the server's memory, and the time from a line written to the page. */
async function benchLogs(browser, place, report) {
  const ui = await startUi(place);
  const context = await browser.newContext();
  const first = await context.newPage();
  await first.goto(ui.url);
  await first.goto(`${ui.origin}/deployments/bench/lines/new`);
  await first.getByTestId("submit").click();
  await first.locator(".log-line").first().waitFor();
  const address = first.url();
  const stream = `${ui.origin}/api/runs/${new URL(address).pathname.split("/").at(-1)}`;
  // A browser opens at most six connections to a host: further pages are their streams.
  const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  const end = new AbortController();
  let received = 0;
  for (let page = 1; page < PAGES; page++) {
    for (const path of ["/live", "/logs"]) {
      const { body } = await fetch(stream + path, { headers: { cookie }, signal: end.signal });
      void (async () => {
        for await (const chunk of body) received += chunk.length;
      })().catch(() => {});
    }
  }
  const delays = [];
  for (let round = 0; round < 30; round++) {
    // Each line begins with the time at which the run wrote it.
    const [written, now] = await first.evaluate(
      `new Promise((resolve) => {
        const log = document.querySelector("[data-testid=log]");
        new MutationObserver((_, observer) => {
          observer.disconnect();
          resolve([Number([...log.querySelectorAll(".log-line .text")].at(-1).textContent.split(" ")[0]), Date.now()]);
        }).observe(log, { childList: true, subtree: true, characterData: true });
      })`,
    );
    delays.push(now - written);
  }
  const memory = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${ui.pid}/status`, "utf8"))?.[1]) / 1000;
  end.abort();
  writeFileSync(join(place.folder, "release"), "");
  await context.close();
  await ui.stop();
  if (received === 0) throw new Error("the streams brought nothing");
  report(`memory of pushpool ui, ${PAGES} pages on a run with 1,000 lines/s, peak`, `${memory.toFixed(0)} MB`, "", "< 250 MB");
  report("from a line written by the run to the page, median", `${median(delays).toFixed(0)} ms`, "", "< 1,000 ms");
}
