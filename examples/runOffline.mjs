// Runs an example without an account and a network: fake clouds, and stand-ins for Pulumi's providers, run in this process.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Make the example's stack, run its commands and destroy it.
 * @param parts.require of the example, which finds its pushpool
 * @param parts.folder of the example
 * @param parts.fakes the clouds. They end with the commands
 * @param parts.providers the stand-ins, by the name of their package
 * @param parts.config the stack's configuration
 * @param parts.env more environment variables
 * @param work what comes between `deploy` and `ls`. It gets a function that runs one command, and the environment
 */
export async function runOffline({ require, folder, fakes, providers, config, env: more = {} }, work) {
  const { serveProvider } = require("pushpool/testing");
  const pushpool = join(require.resolve("pushpool/package.json"), "..", "bin", "pushpool.cjs");
  const place = mkdtempSync(join(tmpdir(), "pushpool-offline-"));
  const settings = join(folder, "Pulumi.offline.yaml");
  const served = [];
  try {
    for (const [name, provider] of Object.entries(providers)) served.push({ name, ...(await serveProvider(provider)) });
    writeFileSync(settings, JSON.stringify({ config }));
    const env = {
      ...process.env,
      PULUMI_DEBUG_PROVIDERS: served.map(({ name, port }) => `${name}:${port}`).join(","),
      PULUMI_CONFIG_PASSPHRASE: "",
      PUSHPOOL_HOME: join(place, "home"),
      XDG_STATE_HOME: join(place, "state"),
      ...more,
    };
    /** Run one command. The first failure ends everything. */
    const run = async (...args) => {
      console.error(`$ pushpool ${args.join(" ")}`);
      const child = spawn(process.execPath, [pushpool, "-C", folder, "-s", "offline", ...args], { env, stdio: "inherit" });
      const code = await new Promise((done) => child.on("close", done));
      if (code !== 0) throw new Error(`pushpool ${args[0]} ended with exit status ${code}`);
    };
    await run("up", "--engine", "offline", "--yes");
    await run("deploy", "--all");
    await work(run, env);
    await run("ls");
    await run("destroy", "--engine", "offline", "--yes");
  } finally {
    for (const { stop } of served) stop();
    await Promise.all(fakes.map((fake) => fake.stop()));
    rmSync(place, { recursive: true, force: true });
    rmSync(settings, { force: true });
  }
}
