// A watcher that kills itself with SIGKILL at the n-th step it takes with the ledger or the target: `node killed.cjs HOME MANIFEST N before|after LEDGER`.
// With N = 0 it lives and prints how many steps there were. A last argument `started`: it creates and submits the run in one step.
"use strict";
const { join } = require("node:path");
const lib = join(__dirname, "..", "..", "lib", "src");
const { openSqliteLedger } = require(join(lib, "ledger"));
const { openPostgresLedger } = require(join(lib, "ledger", "postgres"));
const { runsOver } = require(join(lib, "runs"));
const { openTarget } = require(join(lib, "targets", "open"));
const { loadManifest } = require(join(lib, "manifest"));
const { openWorkspace } = require(join(lib, "workspace"));

const [, , home, manifest, n, when, address, how] = process.argv;
const [at, schema] = address.split(" ");
let steps = 0;

/** The same object, each of whose methods is a step. */
function counted(object) {
  return new Proxy(object, {
    get(_, name) {
      const member = object[name];
      if (typeof member !== "function") return member;
      return (...args) => {
        steps += 1;
        const last = steps === Number(n);
        if (last && when === "before") process.kill(process.pid, "SIGKILL");
        const result = member.apply(object, args);
        if (!last) return result;
        return Promise.resolve(result).then(() => process.kill(process.pid, "SIGKILL"));
      };
    },
  });
}

async function main() {
  const env = { ...process.env, PUSHPOOL_HOME: home };
  const workspace = openWorkspace({ cwd: home, env, create: true });
  const runs = runsOver({
    ledger: counted(schema === undefined ? openSqliteLedger(address) : openPostgresLedger(at, { schema })),
    home,
    readManifest: () => loadManifest(workspace, { manifest, secrets: true }),
    openTarget: async (type, access) => counted(await openTarget(type, { home, env, ...access })),
    digestKey: () => Buffer.alloc(32),
    env,
  });
  const request = { deployment: "count/once" };
  const run = how === "started" ? await runs.startRun(request) : (await runs.createRun(request)).run;
  const end = await runs.followRun(run.id);
  console.log(JSON.stringify({ steps, state: end.state.type }));
  await runs.close();
}

main();
