import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** For whom a password is looked up. */
export interface LoginPlace {
  host?: string | undefined;
  port?: number | string | undefined;
  database?: string | undefined;
  user?: string | undefined;
}

/** What the file of passwords has for a login. */
interface FoundPassword {
  path: string;
  /** Whether others may read the file: it is not read then, as by libpq. */
  isIgnored: boolean;
  password?: string;
}

/**
 * The password that libpq would take from `PGPASSFILE`, by default `~/.pgpass`
 * (https://www.postgresql.org/docs/current/libpq-pgpass.html).
 */
export async function passwordInFile(place: LoginPlace, env: NodeJS.ProcessEnv = process.env): Promise<FoundPassword> {
  const path = env.PGPASSFILE || (env.APPDATA ? join(env.APPDATA, "postgresql", "pgpass.conf") : join(homedir(), ".pgpass"));
  try {
    const { mode } = await stat(path);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) return { path, isIgnored: true };
    const password = passwordIn(await readFile(path, "utf8"), place);
    return { path, isIgnored: false, ...(password === undefined ? {} : { password }) };
  } catch {
    return { path, isIgnored: false };
  }
}

/** The password of the first line that fits. A socket's folder is `localhost` there. */
export function passwordIn(text: string, { host = "localhost", port = 5432, database, user }: LoginPlace): string | undefined {
  const wanted = [host.startsWith("/") ? "localhost" : host, String(port), database ?? user, user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = fieldsOf(line);
    if (fields.length === 5 && wanted.every((value, n) => fields[n] === "*" || fields[n] === value)) return fields[4];
  }
  return undefined;
}

/** Separated by colons; `\:` and `\\` stand for these characters. */
function fieldsOf(line: string): string[] {
  return [...line.matchAll(/(?:^|:)((?:\\.|[^:\\])*)/g)].map(([, field = ""]) => field.replaceAll(/\\(.)/g, "$1"));
}
