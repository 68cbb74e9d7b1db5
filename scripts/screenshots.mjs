// `npm run screenshots`: the pictures of the run page in docs/images, of a stack with a day of runs on three work pools. Look at them after.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { findChromium } from "../test/browser/chromium.mts";
import { seedRuns } from "../test/browser/seed.mts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { defaultTemplate } = createRequire(import.meta.url)(join(root, "lib", "src", "template"));
const images = join(root, "docs", "images");
const folder = mkdtempSync(join(tmpdir(), "pushpool-screenshots-"));
const home = join(folder, ".pushpool");
const cli = [join(root, "bin", "pushpool.cjs")];
const env = {
  ...process.env,
  PUSHPOOL_HOME: home,
  PUSHPOOL_MANIFEST: join(folder, "manifest.json"),
  XDG_STATE_HOME: join(folder, "state"),
};

const LOAD = `
const line = async (text) => {
  console.log(text);
  await new Promise((resolve) => setTimeout(resolve, 90));
};
(async () => {
await line("loading orders of \\u001b[1mnorth\\u001b[0m since 2026-01-05");
for (const table of ["orders", "order_lines", "customers", "payments"])
  for (let part = 1; part <= 6; part++) await line("\\u001b[32mok\\u001b[0m  " + table + " part " + part + " of 6: " + (part * 7919 % 5000) + " rows");
console.error("payments: 2 rows without a customer, written to rejected/payments.csv");
line("\\u001b[36mdone\\u001b[0m  4 tables, 61,402 rows");
})();
`;

const pools = { nightly: "ecs:push", reports: "cloud-run-v2:push", local: "process:push" };
const command = "node flows/load.js";
const deployments = [
  { name: "etl/orders", workPool: "nightly", seconds: 1_500, weight: 6, failsEvery: 14, tags: ["nightly"] },
  { name: "etl/customers", workPool: "nightly", seconds: 600, weight: 4, tags: ["nightly"] },
  { name: "report/weekly", workPool: "reports", seconds: 240, weight: 3, failsEvery: 9, tags: ["finance"] },
  { name: "report/dashboard", workPool: "reports", seconds: 45, weight: 5, tags: [] },
  { name: "hello/local", workPool: "local", seconds: 8, weight: 2, tags: ["example"] },
].map((deployment) => ({ ...deployment, poolType: pools[deployment.workPool] }));

writeFileSync(join(folder, "load.cjs"), LOAD);
writeFileSync(
  env.PUSHPOOL_MANIFEST,
  JSON.stringify({
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "shop", stack: "prod" },
    pools: Object.fromEntries(Object.entries(pools).map(([name, type]) => [name, { type, baseJobTemplate: defaultTemplate(type) }])),
    deployments: {
      ...Object.fromEntries(deployments.map(({ name, workPool, tags }) => [name, { command, tags, workPool: { name: workPool } }])),
      "etl/orders": { command: `${process.execPath} ${join(folder, "load.cjs")}`, tags: ["nightly"], workPool: { name: "local" } },
    },
  }),
  { mode: 0o600 },
);

let page;
let browser;
try {
  mkdirSync(home, { mode: 0o700 });
  mkdirSync(images, { recursive: true });
  const until = new Date();
  await seedRuns(join(home, "ledger.db"), { count: 420, stack: "shop/prod", deployments, until, span: 86_400, active: 6 });
  const options = { cwd: folder, env, encoding: "utf8" };
  const args = ["run", "etl/orders", "-p", "site=north", "-p", "since=2026-01-05", "--flow-run-name", "north-orders", "--json"];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...cli, ...args], options);
  if (status !== 0) throw new Error(`the run ended with ${status}: ${stderr}${stdout}`);
  const { runs } = JSON.parse(spawnSync(process.execPath, [...cli, "ls", "--json", "--limit", "1"], options).stdout);

  page = spawn(process.execPath, [...cli, "ui", "--no-open", "--port", "0"], { cwd: folder, env, stdio: ["ignore", "pipe", "ignore"] });
  const url = await new Promise((resolve) => page.stdout.once("data", (line) => resolve(String(line).trim())));
  const { version: _, ...launch } = await findChromium();
  browser = await chromium.launch(launch);

  const DESKTOP = { viewport: { width: 1100, height: 600 } };
  const PHONE = { viewport: { width: 390, height: 700 }, isMobile: true, hasTouch: true };
  const SHOTS = [
    ["runs-light", "/", "[data-testid=run-row]", { ...DESKTOP, colorScheme: "light" }],
    ["run-dark", `/runs/${runs[0].id}`, ".log-line", { ...DESKTOP, colorScheme: "dark" }],
    ["runs-phone", "/", "[data-testid=run-row]", { ...PHONE, colorScheme: "light" }],
  ];
  for (const [name, path, shown, look] of SHOTS) {
    const context = await browser.newContext({ ...look, locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce" });
    const tab = await context.newPage();
    await tab.goto(url);
    await tab.goto(new URL(path, url).href);
    await tab.locator(shown).first().waitFor();
    await tab.waitForLoadState("load");
    await tab.screenshot({ path: join(images, `${name}.png`), animations: "disabled" });
    await context.close();
    console.log(`docs/images/${name}.png`);
  }
} finally {
  await browser?.close();
  page?.kill();
  rmSync(folder, { recursive: true, force: true });
}
