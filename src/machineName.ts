import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { stateHome } from "./home";
import { makeFolder } from "./makeFolder";
import { UserError } from "./userError";
import { writeWhole } from "./writeWhole";

/** Where systemd and D-Bus keep the id of a machine. macOS and many containers have neither. */
const MACHINE_IDS = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

/**
 * The name of this machine in a ledger that several share: `$PUSHPOOL_HOST`, else `<host name>~<digest>`. The digest is of the machine's id,
 * or of an id that is kept in `$XDG_STATE_HOME/pushpool/machine`. Two machines with one host name therefore differ, and so do two containers
 * of one image. A name in `PUSHPOOL_HOST` must be no other machine's: processes with it know each other by their pids.
 * @throws {UserError} if `PUSHPOOL_HOST` is invalid
 */
export function machineName(env: NodeJS.ProcessEnv): string {
  const { PUSHPOOL_HOST: given = "" } = env;
  if (given !== "") {
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(given))
      throw new UserError(
        "PUSHPOOL_HOST: must consist of at most 64 letters, digits, dots, - and _: it names this machine in a shared ledger",
      );
    return given;
  }
  const id = createHash("sha256").update(machineId(env)).digest("hex").slice(0, 8);
  return `${hostname()}~${id}`;
}

function machineId(env: NodeJS.ProcessEnv): string {
  for (const path of MACHINE_IDS) {
    const id = textOf(path);
    if (id) return id;
  }
  const folder = stateHome(env);
  const path = join(folder, "machine");
  const kept = textOf(path);
  if (kept) return kept;
  const id = randomUUID();
  makeFolder(folder);
  writeWhole(path, `${id}\n`);
  // Another process may have written one at the same time.
  return textOf(path) ?? id;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** The host whose processes a run is: of this machine, with their files in this home folder. */
export function hostOf(home: string, env: NodeJS.ProcessEnv): string {
  return `${machineName(env)}:${home}`;
}

/** For messages: `build-3`, or on this machine `build-3 (/home/ann/shop/.pushpool)`. */
export function describeHost(host: string, own: string): string {
  const [machine = "", ...home] = host.split(":");
  const [name] = machine.split("~");
  return own.startsWith(`${machine}:`) ? `${name} (${home.join(":")})` : String(name);
}
