import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadManifest } from "../../src/manifest";
import { isTerminal, runsOver } from "../../src/runs";
import { openTarget } from "../../src/targets/open";
import { defaultTemplate } from "../../src/template";
import { openWorkspace } from "../../src/workspace";
import { type EngineName, newLedger, openAt } from "../ledger/engines";

/** Where to kill a watcher: before or after its n-th step with the ledger or the target. */
export interface KillPoint {
  n: number;
  when: "before" | "after";
}

/** The result: how often the command really ran, and how each recorded run ended. */
export interface Left {
  ran: number;
  states: string[];
}

/** A folder with a manifest, whose one deployment appends a line to a file each time it runs. */
function stage(folder: string): { home: string; manifest: string; effects: string } {
  const home = join(folder, ".pushpool");
  mkdirSync(home, { mode: 0o700 });
  const effects = join(folder, "effects");
  writeFileSync(effects, "");
  const manifest = join(folder, "manifest.json");
  const definition = {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "kill", stack: "dev" },
    pools: { local: { type: "process:push", baseJobTemplate: defaultTemplate("process:push") } },
    blocks: {},
    variables: {},
    deployments: {
      "count/once": {
        command: `sh -c 'echo ran >> "$EFFECTS"; sleep 0.1'`,
        workPool: { name: "local", jobVariables: { env: { EFFECTS: effects } } },
      },
    },
  };
  writeFileSync(manifest, JSON.stringify(definition), { mode: 0o600 });
  return { home, manifest, effects };
}

/** Whether a run is created and then followed, or created and submitted in one step before. */
export type Way = "created" | "started";

/** How many steps an undisturbed run takes. */
export async function countSteps(folder: string, engine: EngineName, way: Way = "created"): Promise<number> {
  const { home, manifest } = stage(folder);
  const args = [join(__dirname, "killed.cjs"), home, manifest, "0", "before", await newLedger(engine, home), way];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const line = stdout.trim();
  if (line === "") throw new Error(stderr);
  const { steps, state } = JSON.parse(line) as { steps: number; state: string };
  if (state !== "COMPLETED") throw new Error(`the undisturbed run is ${state}`);
  return steps;
}

/** Kill a watcher at `point`, then let another one take up what it left. */
export async function killAndTakeUp(folder: string, { n, when }: KillPoint, engine: EngineName, way: Way = "created"): Promise<Left> {
  const { home, manifest, effects } = stage(folder);
  const ledger = await newLedger(engine, home);
  const args = [join(__dirname, "killed.cjs"), home, manifest, String(n), when, ledger, way];
  const { signal, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (signal !== "SIGKILL") throw new Error(`it should have been killed at ${when} ${n}: ${stderr}`);

  const env = { ...process.env, PUSHPOOL_HOME: home };
  const workspace = openWorkspace({ cwd: home, env, create: true });
  const runs = runsOver({
    ledger: openAt(ledger),
    home,
    readManifest: () => loadManifest(workspace, { manifest, secrets: true }),
    openTarget: (type, access) => openTarget(type, { home, env, ...access }),
    digestKey: () => Buffer.alloc(32),
    env,
  });
  try {
    const states: string[] = [];
    for (const run of await runs.listRuns()) {
      const end = isTerminal(run.state) ? run : await runs.followRun(run.id, { timeoutMs: 120_000 });
      states.push(end.state.type);
    }
    return { states, ran: readFileSync(effects, "utf8").split("\n").filter(Boolean).length };
  } finally {
    await runs.close();
  }
}
