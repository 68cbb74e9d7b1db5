import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The URL of the Postgres server that all test files of this run share. The first caller starts it; it ends with the run. */
export async function sharedPostgres(): Promise<string> {
  // vitest's workers are children of this process: one for each run.
  const folder = join(tmpdir(), `pushpool-postgres-${process.getuid?.() ?? 0}-${process.ppid}`);
  const log = join(folder, "log");
  try {
    mkdirSync(folder);
    const out = openSync(log, "a");
    const server = spawn(process.execPath, [join(__dirname, "postgresUntilGone.mjs"), folder, String(process.ppid)], {
      detached: true,
      stdio: ["ignore", out, out],
    });
    server.on("exit", (code) => {
      if (code !== 0) rmSync(join(folder, "server.json"), { force: true });
    });
    server.unref();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  for (let waited = 0; waited < 240_000; waited += 100) {
    const described = readIfThere(join(folder, "server.json"));
    if (described !== undefined) return (JSON.parse(described) as { url: string }).url;
    await sleep(100);
  }
  throw new Error(`Postgres did not start: ${readIfThere(log)}`);
}

/** The name of a schema that no other test has. */
export const newSchema = () => `t_${randomUUID().replaceAll("-", "")}`;

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
