import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../userError";
import { writeWhole } from "../writeWhole";

/**
 * What a home knows about the ledger of a stack. A command that needs no manifest then need not read it.
 *
 * - `manifest`: the stack's manifest names its ledger.
 * - `unknown`: the manifest has changed since it was last read here.
 */
export type StackLedger = "manifest" | "unknown";

/**
 * What this home knows about the ledger of a stack.
 * @param stack `<project>/<stack>`; absent: of any stack
 * @returns `undefined`: its manifest named no ledger when it was last read
 */
export function knownLedger(home: string, stack: string | undefined): StackLedger | undefined {
  const folder = join(home, "ledgers");
  if (stack === undefined) {
    const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
    const known = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8").trim());
    return known.includes("manifest") ? "manifest" : known.length > 0 ? "unknown" : undefined;
  }
  try {
    return readFileSync(join(folder, stack), "utf8").trim() === "manifest" ? "manifest" : "unknown";
  } catch {
    return undefined;
  }
}

/** Remember what a manifest said, in a home that exists. A home that cannot be written only makes the next command read the manifest. */
export function rememberLedger(home: string, stack: string, known: StackLedger | undefined): void {
  if (!existsSync(home) || knownLedger(home, stack) === known) return;
  const path = join(home, "ledgers", stack);
  try {
    if (known === undefined) rmSync(path, { force: true });
    else writeWhole(path, `${known}\n`);
  } catch {
    // It is only a shortcut.
  }
}

/** Where the ledger of a home went. */
export interface Moved {
  /** The URL without its password. */
  to: string;
  /** The schema there. Absent if an older pushpool began to move it. */
  schema?: string;
  /** ISO 8601. Absent while it is still being moved. */
  at?: string;
}

/** @returns `undefined` if the ledger of this home was never moved */
export function readMoved(home: string): Moved | undefined {
  try {
    return JSON.parse(readFileSync(movedPath(home), "utf8")) as Moved;
  } catch {
    return undefined;
  }
}

/** Record where a ledger moves or has moved; `undefined`: nowhere. */
export function writeMoved(home: string, moved: Moved | undefined): void {
  if (moved === undefined) rmSync(movedPath(home), { force: true });
  else writeWhole(movedPath(home), `${JSON.stringify(moved, null, 2)}\n`);
}

/** For messages. A URL does not show the schema. */
export function movedPlace({ to, schema = "pushpool" }: Moved): string {
  return schema === "pushpool" ? to : `${to} (schema ${schema})`;
}

/**
 * Refuse the SQLite ledger of a home whose runs are elsewhere by now.
 * @throws {UserError} with the place (exit code 2)
 */
export function refuseMoved(home: string): void {
  const moved = readMoved(home);
  if (!moved) return;
  const to = movedPlace(moved);
  throw new UserError(
    moved.at === undefined
      ? `the ledger of ${home} is being moved to ${to}: finish it with \`pushpool ledger move --to URL\`, or go back with \`pushpool ledger move --cancel\``
      : `the ledger of ${home} was moved to ${to}: set PUSHPOOL_LEDGER_URL to its URL, or give it to the stack with manifest({ ledger: { url } })`,
  );
}

function movedPath(home: string): string {
  return join(home, "ledger-moved.json");
}
