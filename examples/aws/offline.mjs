// The complete example without an account and a network: a fake AWS and a stand-in for Pulumi's aws provider run in this process.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const { awsProvider, serveProvider, startFakeAws } = require("pushpool/testing");
const pushpool = join(require.resolve("pushpool/package.json"), "..", "bin", "pushpool.cjs");
const place = mkdtempSync(join(tmpdir(), "pushpool-aws-"));
const aws = await startFakeAws();
const provider = await serveProvider(awsProvider(aws));

// The configuration of a real account, plus the fake's address.
const config = { "aws:region": aws.region, "aws-example:endpoints": aws.endpoints };
writeFileSync(join(import.meta.dirname, "Pulumi.offline.yaml"), JSON.stringify({ config }));
const env = {
  ...process.env,
  PULUMI_DEBUG_PROVIDERS: `aws:${provider.port}`,
  PULUMI_CONFIG_PASSPHRASE: "offline",
  PUSHPOOL_HOME: join(place, "home"),
  XDG_STATE_HOME: join(place, "state"),
  PUSHPOOL_ECS_LOG_DRAIN_SECONDS: "0.2",
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
  await aws.stop();
  rmSync(place, { recursive: true, force: true });
  rmSync(join(import.meta.dirname, "Pulumi.offline.yaml"), { force: true });
}
