// The complete example without an account and a network: a fake Google Cloud and a stand-in for Pulumi's gcp provider run in this process.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const { gcpProvider, serveProvider, startFakeGoogleCloud } = require("pushpool/testing");
const pushpool = join(require.resolve("pushpool/package.json"), "..", "bin", "pushpool.cjs");
const place = mkdtempSync(join(tmpdir(), "pushpool-gcp-"));
const google = await startFakeGoogleCloud({ project: "acme-data" });
const provider = await serveProvider(gcpProvider(google));

// The configuration of a real project, plus the fake's address.
const config = { "gcp:project": google.project, "gcp:region": "europe-west1", "gcp-example:endpoints": google.endpoints };
writeFileSync(join(import.meta.dirname, "Pulumi.offline.yaml"), JSON.stringify({ config }));
const env = {
  ...process.env,
  PULUMI_DEBUG_PROVIDERS: `gcp:${provider.port}`,
  PULUMI_CONFIG_PASSPHRASE: "offline",
  PUSHPOOL_HOME: join(place, "home"),
  XDG_STATE_HOME: join(place, "state"),
  PUSHPOOL_CLOUD_RUN_LOG_DRAIN_SECONDS: "0.2",
};

/** Run one command. The first failure ends everything. */
async function run(...args) {
  console.error(`$ pushpool ${args.join(" ")}`);
  const child = spawn(process.execPath, [pushpool, "-C", import.meta.dirname, "-s", "offline", ...args], { env, stdio: "inherit" });
  const code = await new Promise((done) => child.on("close", done));
  if (code !== 0) throw new Error(`pushpool ${args[0]} ended with exit status ${code}`);
}

try {
  await run("up", "--engine", "offline", "--yes");
  await run("deploy", "--all");
  await run("run", "hello/shell", "-p", "name=Grace");
  await run("run", "count/prod");
  await run("ls");
  await run("destroy", "--engine", "offline", "--yes");
} finally {
  provider.stop();
  await google.stop();
  rmSync(place, { recursive: true, force: true });
  rmSync(join(import.meta.dirname, "Pulumi.offline.yaml"), { force: true });
}
