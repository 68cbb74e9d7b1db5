// The complete example without an account and a network: a fake Azure and stand-ins for Pulumi's two providers run in this process.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const { azureadProvider, azureNativeProvider, serveProvider, startFakeAzure } = require("pushpool/testing");
const pushpool = join(require.resolve("pushpool/package.json"), "..", "bin", "pushpool.cjs");
const place = mkdtempSync(join(tmpdir(), "pushpool-azure-"));
const azure = await startFakeAzure();
const providers = [await serveProvider(azureNativeProvider(azure)), await serveProvider(azureadProvider(azure))];

// The configuration of a real subscription, plus the fake's address.
const config = {
  "azure-native:subscriptionId": azure.subscription,
  "azure-native:location": "westeurope",
  "azure-example:endpoints": azure.endpoints,
};
writeFileSync(join(import.meta.dirname, "Pulumi.offline.yaml"), JSON.stringify({ config }));
const env = {
  ...process.env,
  // The fake serves https with a certificate of its own.
  NODE_EXTRA_CA_CERTS: azure.caFile,
  PULUMI_DEBUG_PROVIDERS: `azure-native:${providers[0].port},azuread:${providers[1].port}`,
  PULUMI_CONFIG_PASSPHRASE: "offline",
  PUSHPOOL_HOME: join(place, "home"),
  XDG_STATE_HOME: join(place, "state"),
  PUSHPOOL_ACI_LOG_DRAIN_SECONDS: "0.2",
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
  for (const { stop } of providers) stop();
  await azure.stop();
  rmSync(place, { recursive: true, force: true });
  rmSync(join(import.meta.dirname, "Pulumi.offline.yaml"), { force: true });
}
