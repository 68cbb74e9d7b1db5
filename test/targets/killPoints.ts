import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { loadManifest } from "../../src/manifest";
import { isTerminal, runsOver } from "../../src/runs";
import { openTarget } from "../../src/targets/open";
import { openWorkspace } from "../../src/workspace";
import type { Place } from "../e2e/pushpool";
import { type EngineName, type LedgerAddress, newLedger, openAt } from "../ledger/engines";
import type { KillPoint } from "../runs/killPoints";

/** The result: how often the cloud started it, and how each recorded run ended. */
interface Left {
  started: number;
  states: string[];
}

const DEPLOYMENT = "count/once";

const BOTH = ["before", "after"] as const;

/** Before and after every step of a run. */
export function everyPoint(steps: number): KillPoint[] {
  return Array.from({ length: steps - 2 }, (_, index) => BOTH.map((when) => ({ n: index + 1, when }))).flat();
}

/** Some of them. */
export function somePoints(steps: number): KillPoint[] {
  const some = [3, 5, 7, 9, 11, 13].filter((n) => n < steps);
  return some.flatMap((n) => (n === 7 || n === 9 ? BOTH : (["after"] as const)).map((when) => ({ n, when })));
}

/**
 * Kill the watcher of a run at a point of its way, then let another one take up what it left. The cloud must have started the run once, and it
 * must have its right end. Each point is tried with a run of its own.
 * @param started everything that the fake cloud has ever started, by id
 * @param placeOf a new place with {@link STORY}
 * @param engine of the ledger
 */
export async function killAtPoints(
  started: ReadonlyMap<string, unknown>,
  placeOf: () => Place,
  pointsOf: (steps: number) => KillPoint[],
  engine: EngineName,
): Promise<void> {
  const fresh = () => {
    const place = placeOf();
    mkdirSync(place.home, { mode: 0o700, recursive: true });
    return place;
  };
  for (const point of pointsOf(await countSteps(fresh(), engine))) {
    const { states, started: starts } = await killAndTakeUp(started, fresh(), point, engine);
    // Killed before its first step, there is no run.
    expect({ point, states, starts }).toEqual({ point, states: states.length === 0 ? [] : ["COMPLETED"], starts: states.length });
  }
}

/** How many steps with ledger and target an undisturbed run takes. It also creates the job or definition that later runs share. */
async function countSteps(place: Place, engine: EngineName): Promise<number> {
  const { stdout, stderr } = await watcher(place, 0, "before", await newLedger(engine, place.home));
  if (stdout.trim() === "") throw new Error(stderr);
  const { steps, state } = JSON.parse(stdout) as { steps: number; state: string };
  if (state !== "COMPLETED") throw new Error(`the undisturbed run is ${state}`);
  return steps;
}

/**
 * Kill a watcher at one step, then let another one take up what it left.
 * @param started everything that the fake cloud has ever started, by id
 */
async function killAndTakeUp(
  started: ReadonlyMap<string, unknown>,
  place: Place,
  { n, when }: KillPoint,
  engine: EngineName,
): Promise<Left> {
  const before = started.size;
  const ledger = await newLedger(engine, place.home);
  const { signal, stdout, stderr } = await watcher(place, n, when, ledger);
  // How often it looks depends on its speed. If it was done before that step, it only has to be right.
  if (signal !== "SIGKILL" && stdout.trim() === "") throw new Error(`it should have been killed at ${when} ${n}: ${stderr}`);
  const { env, home } = place;
  const workspace = openWorkspace({ cwd: home, env, create: true });
  const runs = runsOver({
    ledger: openAt(ledger),
    home,
    readManifest: () => loadManifest(workspace, { manifest: String(env.PUSHPOOL_MANIFEST), secrets: true }),
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
    return { states, started: started.size - before };
  } finally {
    await runs.close();
  }
}

/** In another process, since the fake cloud runs in this one. */
function watcher(
  { env, home }: Place,
  n: number,
  when: string,
  ledger: LedgerAddress,
): Promise<{ signal: string | null; stdout: string; stderr: string }> {
  const killed = join(__dirname, "..", "runs", "killed.cjs");
  const child = spawn(process.execPath, [killed, home, String(env.PUSHPOOL_MANIFEST), String(n), when, ledger], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk;
  });
  return new Promise((done) => child.on("close", (_, signal) => done({ signal, stdout, stderr })));
}

/** The deployment to run: it prints nothing and ends at once. */
export const STORY = { [DEPLOYMENT]: "true" };
