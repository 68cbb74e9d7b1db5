// The complete example without an account and a network: fake clouds and stand-ins for Pulumi's providers run in this process.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compare } from "./compare.mjs";

const require = createRequire(import.meta.url);
const testing = require("pushpool/testing");
const pushpool = join(require.resolve("pushpool/package.json"), "..", "bin", "pushpool.cjs");
const place = mkdtempSync(join(tmpdir(), "pushpool-multi-cloud-"));
const google = await testing.startFakeGoogleCloud({ project: "acme-data" });
const aws = await testing.startFakeAws();
const azure = await testing.startFakeAzure();
const fakes = { "cloud-run-v2:push": google, "ecs:push": aws, "azure-container-instance:push": azure };
const standIns = {
  gcp: testing.gcpProvider(google),
  aws: testing.awsProvider(aws),
  "azure-native": testing.azureNativeProvider(azure),
  azuread: testing.azureadProvider(azure),
};
const providers = {};
for (const [name, standIn] of Object.entries(standIns)) providers[name] = await testing.serveProvider(standIn);

// The configuration of real accounts, plus the addresses of the fakes.
const config = {
  "gcp:project": google.project,
  "gcp:region": "europe-west1",
  "multi-cloud:gcpEndpoints": google.endpoints,
  "aws:region": aws.region,
  "multi-cloud:awsEndpoints": aws.endpoints,
  "azure-native:subscriptionId": azure.subscription,
  "azure-native:tenantId": azure.tenant,
  "azure-native:location": azure.location,
  "multi-cloud:azureEndpoints": azure.endpoints,
};
writeFileSync(join(import.meta.dirname, "Pulumi.offline.yaml"), JSON.stringify({ config }));
const env = {
  ...process.env,
  PULUMI_DEBUG_PROVIDERS: Object.entries(providers)
    .map(([name, { port }]) => `${name}:${port}`)
    .join(","),
  PULUMI_CONFIG_PASSPHRASE: "offline",
  PUSHPOOL_HOME: join(place, "home"),
  XDG_STATE_HOME: join(place, "state"),
  PUSHPOOL_CLOUD_RUN_LOG_DRAIN_SECONDS: "0.2",
  PUSHPOOL_ECS_LOG_DRAIN_SECONDS: "0.2",
  // The fake Azure serves https with a certificate of its own.
  NODE_EXTRA_CA_CERTS: azure.caFile,
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
  await run("pools");
  await run("run", "count/everywhere", "--pool", "ecs");
  console.error("$ npm run compare");
  if (!(await compare("count/everywhere", { args: ["-s", "offline"], env, callsOf: (type) => fakes[type]?.calls.length })))
    throw new Error("not all runs COMPLETED");
  await run("ls");
  await run("destroy", "--engine", "offline", "--yes");
} finally {
  for (const provider of Object.values(providers)) provider.stop();
  await Promise.all(Object.values(fakes).map((fake) => fake.stop()));
  rmSync(place, { recursive: true, force: true });
  rmSync(join(import.meta.dirname, "Pulumi.offline.yaml"), { force: true });
}
