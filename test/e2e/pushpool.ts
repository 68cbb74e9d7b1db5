import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../src/json";
import { defaultTemplate } from "../../src/template";
import { scratch } from "../scratch";

const repo = join(__dirname, "..", "..");
/** The heap's young generation begins with 16 MB instead of 1 MB: loading the SDK of a cloud fills 1 MB many times. */
const bin = ["--min-semi-space-size=16", join(repo, "bin", "pushpool.cjs")];

export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** The built CLI, in the test's own folder. */
export interface Place {
  folder: string;
  home: string;
  env: NodeJS.ProcessEnv;
  /** Run a command and wait for its end. */
  pushpool(...args: string[]): Ended;
  /** Start a command without waiting. */
  start(...args: string[]): ChildProcess;
}

/** A folder with its own `.pushpool`. Commands run in `cwd`, by default that folder. */
export function place({ cwd, env: more = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Place {
  const folder = scratch();
  const home = join(folder, ".pushpool");
  // Without CI: the tests may run in a CI job, but their terminals are a person's.
  const { PUSHPOOL_MANIFEST: _, PULUMI_CONFIG_PASSPHRASE: __, CI: ___, ...inherited } = process.env;
  const env = { ...inherited, PUSHPOOL_HOME: home, XDG_STATE_HOME: join(folder, "state"), NO_COLOR: "1", ...more };
  const options = { cwd: cwd ?? folder, env };
  return {
    folder,
    home,
    env,
    pushpool: (...args) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [...bin, ...args], { ...options, encoding: "utf8", timeout: 170_000 });
      return { status, stdout, stderr };
    },
    start: (...args) => spawn(process.execPath, [...bin, ...args], { ...options, stdio: ["ignore", "pipe", "pipe"] }),
  };
}

/** A manifest with one `process:push` pool and these deployments, by command. */
export function manifestOf(commands: Record<string, string>, over: { pool?: JsonObject; deployments?: JsonObject } = {}): JsonObject {
  return {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "data", stack: "dev" },
    pools: { local: { type: "process:push", baseJobTemplate: defaultTemplate("process:push"), ...over.pool } },
    deployments: {
      ...Object.fromEntries(Object.entries(commands).map(([name, command]) => [name, { command, workPool: { name: "local" } }])),
      ...over.deployments,
    },
  };
}

/** Write it to the `PUSHPOOL_MANIFEST` of a new place. */
export function placeWith(manifest: JsonObject): Place {
  const made = place();
  const file = join(made.folder, "manifest.json");
  mkdirSync(made.folder, { recursive: true });
  writeFileSync(file, JSON.stringify(manifest), { mode: 0o600 });
  made.env.PUSHPOOL_MANIFEST = file;
  return made;
}

/** The output of a started command so far, and its end. */
export function listen(child: ChildProcess): { stdout(): string; stderr(): string; ended: Promise<number | null> } {
  const text = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.on("data", (chunk: Buffer) => {
      text[stream] += chunk;
    });
  }
  return {
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    ended: new Promise((done) => child.on("close", (status) => done(status))),
  };
}
