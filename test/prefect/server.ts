import { spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { forkedServer } from "./forkedServer";
import { migratedDatabase } from "./migratedDatabase";
import { PACKED_ZONES, type PrefectVersion, prefectVenv } from "./venv";

/** A real Prefect server on a loopback port. */
export interface PrefectServer {
  /** Like `PREFECT_API_URL`. */
  apiUrl: string;
  /** The venv's folder: `bin/prefect`, `bin/python`. */
  venv: string;
  /** Of the server. */
  pid: number;
}

export interface ServerOptions {
  /** More settings, such as `PREFECT_SERVER_…`. */
  settings?: Record<string, string>;
  /** Use one connection to the database, which allows many clients at a time. @default false */
  oneConnection?: boolean;
  /** @default any free port */
  port?: number;
  /** The folder of its data. @default a new folder, which `stop` removes */
  home?: string;
  /** @default the version that all other tests use */
  version?: PrefectVersion;
}

/** Of the shared server that is locked. */
export const PASSWORD = "admin:correct-horse-battery";

/** Anyone may use the first. The other wants its password and CSRF tokens. */
const SHARED = {
  open: {},
  locked: { PREFECT_SERVER_API_AUTH_STRING: PASSWORD, PREFECT_SERVER_CSRF_PROTECTION_ENABLED: "true" },
} as const;

/**
 * A server that all test files of this run share. The first caller starts it. It ends with the run, even if its starter dies. Each test
 * uses its own names.
 *
 * `PUSHPOOL_TEST_PREFECT_API_URL` names a running open server instead, to run one test repeatedly.
 */
export async function sharedServer(kind: keyof typeof SHARED = "open"): Promise<PrefectServer> {
  const running = process.env.PUSHPOOL_TEST_PREFECT_API_URL;
  if (running && kind === "open") return { apiUrl: running, venv: await prefectVenv(), pid: 0 };
  // vitest's workers are children of this process: one for each run.
  const run = process.ppid;
  const folder = join(tmpdir(), `pushpool-prefect-${process.getuid?.() ?? 0}-${run}-${kind}`);
  const described = join(folder, "server.json");
  for (;;) {
    try {
      mkdirSync(folder);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const found = readIfThere(described);
    if (found !== undefined) return JSON.parse(found) as PrefectServer;
    // Its starter died, or the folder is from an earlier run with the same process id.
    const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > 600_000) rmSync(folder, { recursive: true, force: true });
    await sleep(200);
  }
  try {
    const server = await startServer({ home: join(folder, "home"), oneConnection: true, settings: SHARED[kind] }, run);
    writeFileSync(`${described}.new`, JSON.stringify(server));
    renameSync(`${described}.new`, described);
    return server;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/**
 * The name of a database file to which Prefect opens one connection. It does so if `:memory:` is in the URL. With more connections, several
 * clients at a time can block a server for a minute.
 */
const ONE_CONNECTION = ":memory:.db";

/** A server for one test: with other settings, or to stop it. */
export async function ownServer(options: ServerOptions = {}): Promise<PrefectServer & { stop(): Promise<void>; port: number }> {
  const home = options.home ?? mkdtempSync(join(tmpdir(), "pushpool-prefect-own-"));
  const port = options.port ?? (await freePort());
  const server = await startServer({ ...options, home, port }, process.pid);
  const stop = async () => {
    await stopped(server);
    if (options.home === undefined) rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  return { ...server, port, stop };
}

/**
 * A shell guards the server, and starts it unless it was forked. When `owner` is gone, it ends the server and deletes its folder. A test run
 * leaves nothing behind, however it ended.
 */
const GUARD = `
server=$FORKED
if [ -z "$server" ]; then
  "$VENV/bin/prefect" "$@" &
  server=$!
fi
echo $server > "$FOLDER/pid"
while kill -0 "$OWNER" 2>/dev/null && kill -0 $server 2>/dev/null; do sleep 5; done
if ! kill -0 "$OWNER" 2>/dev/null; then
  kill $server 2>/dev/null
  while kill -0 $server 2>/dev/null; do sleep 1; done
  rm -rf "$REMOVED"
fi
`;

async function startServer(
  { settings, oneConnection = false, port: wanted, home = "", version }: ServerOptions,
  owner: number,
): Promise<PrefectServer> {
  const venv = await prefectVenv(version);
  const database = join(home, oneConnection ? ONE_CONNECTION : "prefect.db");
  mkdirSync(home, { recursive: true });
  if (!existsSync(database)) copyFileSync(await newDatabase(venv), database);
  const url = `sqlite+aiosqlite:///${database}`;
  return runServer(venv, {
    home,
    owner,
    port: wanted,
    settings: { PREFECT_SERVER_DATABASE_CONNECTION_URL: url, ...settings },
    // Of the other versions, each starts one.
    fork: version === undefined,
  });
}

/** The database file of a new server of this venv. */
export function newDatabase(venv: string): Promise<string> {
  return migratedDatabase(venv, (empty) => newServer(venv, empty));
}

/** A server that makes its own database. */
async function newServer(venv: string, home: string): Promise<{ stop(): Promise<void> }> {
  const server = await runServer(venv, { home, owner: process.pid });
  return { stop: () => stopped(server) };
}

interface Start {
  home: string;
  owner: number;
  port?: number;
  settings?: Record<string, string>;
  /** Fork it if possible. @default false */
  fork?: boolean;
}

async function runServer(venv: string, { home, owner, port: wanted, settings, fork = false }: Start): Promise<PrefectServer> {
  const port = wanted ?? (await freePort());
  const log = join(home, "server.log");
  const out = openSync(log, "a");
  rmSync(join(home, "pid"), { force: true });
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PREFECT_")));
  const env = {
    ...inherited,
    PREFECT_HOME: home,
    PREFECT_SERVER_ANALYTICS_ENABLED: "false",
    DO_NOT_TRACK: "1",
    // What a server compiles, each later Python of the venv would compile again.
    PYTHONDONTWRITEBYTECODE: "",
    ...PACKED_ZONES,
    ...settings,
  };
  const args = ["server", "start", "--host", "127.0.0.1", "--port", String(port)];
  const forked = fork ? await forkedServer(venv, { env, arguments: args, log }) : undefined;
  const guard = spawn("/bin/sh", ["-c", GUARD, "guard", ...args], {
    detached: true,
    stdio: ["ignore", out, out],
    env: {
      ...env,
      VENV: venv,
      FORKED: String(forked ?? ""),
      OWNER: String(owner),
      FOLDER: home,
      REMOVED: home.endsWith("/home") ? join(home, "..") : home,
    },
  });
  guard.unref();
  const origin = `http://127.0.0.1:${port}`;
  const until = Date.now() + 180_000;
  for (;;) {
    const answer = await fetch(`${origin}/api/health`).catch(() => undefined);
    if (answer?.ok) break;
    if (guard.exitCode !== null || Date.now() > until)
      throw new Error(`the Prefect server did not start:\n${readFileSync(log, "utf8").slice(-3000)}`);
    await sleep(200);
  }
  return { apiUrl: `${origin}/api`, venv, pid: Number(readFileSync(join(home, "pid"), "utf8")) };
}

async function stopped({ pid, apiUrl }: PrefectServer): Promise<void> {
  signal(pid, "SIGTERM");
  for (let waited = 0; signal(pid, 0); waited += 100) {
    if (waited === 20_000) signal(pid, "SIGKILL");
    await sleep(100);
  }
  // The child that listens lives longer, until open connections are closed.
  while (await fetch(`${apiUrl}/health`).catch(() => undefined)) await sleep(100);
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
