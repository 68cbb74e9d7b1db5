import { spawn } from "node:child_process";
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { until } from "../until";

/** Another program than the one on PATH. */
const GIVEN = "PUSHPOOL_TEST_PGBOUNCER";
/** A user that every Linux has: pgbouncer refuses to run as root. */
const NOBODY = 65_534;

/** The pgbouncer of this machine. npm has no package of it. */
export function pgbouncerProgram(): string | undefined {
  const given = process.env[GIVEN];
  const onPath = (process.env.PATH ?? "")
    .split(delimiter)
    .concat("/usr/sbin")
    .map((folder) => join(folder, "pgbouncer"));
  return given ?? onPath.find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A pooler in front of a Postgres server. */
export interface Pgbouncer {
  /** The server's URL through it. */
  url: string;
  stop(): Promise<void>;
}

/**
 * Start pgbouncer in transaction mode, with its usual settings: it refuses what a client may not ask it. Of more clients than
 * `connections`, most share one in turns.
 */
export async function startPgbouncer(program: string, server: string, connections: number): Promise<Pgbouncer> {
  const folder = mkdtempSync(join(tmpdir(), "pushpool-pgbouncer-"));
  chmodSync(folder, 0o755);
  const { hostname, port, username, password } = new URL(server);
  const own = await freePort();
  writeFileSync(join(folder, "users"), `"${username}" "${decodeURIComponent(password)}"\n`);
  writeFileSync(
    join(folder, "pgbouncer.ini"),
    `[databases]
* = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, "users")}
pool_mode = transaction
default_pool_size = ${connections}
max_client_conn = 500
`,
  );
  const isRoot = process.getuid?.() === 0;
  const child = spawn(program, [join(folder, "pgbouncer.ini")], {
    stdio: ["ignore", "ignore", "pipe"],
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  let said = "";
  child.stderr.on("data", (data) => {
    said += data;
  });
  const ended = new Promise<void>((end) => child.once("close", () => end()));
  await until(() => {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}: ${said}`);
    return listensAt(own);
  });
  const url = Object.assign(new URL(server), { hostname: "127.0.0.1", port: String(own) });
  return {
    url: url.href,
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function listensAt(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
