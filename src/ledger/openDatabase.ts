import { chmodSync, closeSync, existsSync, openSync, readSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { describeFileError } from "../fileErrors";
import { upgradeHint } from "../origin";
import { LedgerError, UserError } from "../userError";
import { MIGRATIONS } from "./migrations";

/** How long one process waits for another's write, in milliseconds. */
const BUSY_TIMEOUT = 15_000;

/** Less free space than this, in bytes, counts as none: SQLite writes whole pages and the index of its log. */
const NEGLIGIBLE_SPACE = 64 * 1024;

/** SQLite's name for a database without a file. */
export const IN_MEMORY = ":memory:";

/** What SQLite says to a write after the ledger has moved; see `moveLedger.ts`. */
export const MOVED_MESSAGE = "pushpool: the ledger has moved";

/** The path of a home's ledger. */
export function ledgerPath(home: string): string {
  return join(home, "ledger.db");
}

/**
 * Open a ledger's SQLite file; create and migrate it if necessary.
 * @throws {UserError} with exit code 2 if it is damaged or has a newer version: the file is not changed. With exit code 5 if it cannot be
 * opened, or the disk is full
 */
export function openDatabase(path: string): DatabaseSync {
  checkHeader(path);
  if (path !== IN_MEMORY) keepPrivate(path);
  return translated(path, () => {
    const { DatabaseSync } = loadSqlite();
    const db = new DatabaseSync(path);
    // Before journal_mode: otherwise two processes that create the file at the same time would get SQLITE_BUSY there.
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    if (pragma(db, "journal_mode") !== "wal") db.exec("PRAGMA journal_mode = wal");
    // A commit need not wait for the disk. Who needs that waits for `walSync.ts`, and this process can do other work meanwhile.
    db.exec("PRAGMA synchronous = NORMAL");
    const version = Number(pragma(db, "user_version"));
    // After a crash, the header in the file may be older than the one in the log.
    if (version > MIGRATIONS.length) {
      db.close();
      throw newer(path, version);
    }
    if (version < MIGRATIONS.length) migrate(db, path);
    return db;
  });
}

/**
 * Read the whole ledger and check it, for a process that will use it for long.
 * @throws {UserError} if it is damaged (exit code 2), and the errors of {@link openDatabase}
 */
export function checkLedgerFile(path: string): void {
  if (!existsSync(path)) return;
  const db = openDatabase(path);
  try {
    const found = translated(path, () => pragma(db, "quick_check(1)"));
    if (found !== "ok") throw damaged(path, String(found).replaceAll(/\s+/g, " "));
  } finally {
    db.close();
  }
}

/** Run `work`, and turn SQLite's errors into messages that say what the user can do. */
export function translated<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asUserError(path, error);
  }
}

function migrate(db: DatabaseSync, path: string): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    const version = Number(pragma(db, "user_version"));
    if (version > MIGRATIONS.length) throw newer(path, version);
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

/**
 * Check the first 100 bytes (https://www.sqlite.org/fileformat.html#the_database_header). SQLite then never opens a file that is refused.
 */
function checkHeader(path: string): void {
  const header = Buffer.alloc(100);
  let length: number;
  try {
    if (statSync(path).size === 0) return;
    const file = openSync(path, "r");
    try {
      length = readSync(file, header, 0, 100, 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw new UserError(`cannot read the ledger ${path}: ${describeFileError(error)}`, 5);
  }
  if (length < 100 || header.toString("latin1", 0, 16) !== "SQLite format 3\0") throw damaged(path, "it is not a SQLite file");
  const version = header.readUInt32BE(60);
  if (version > MIGRATIONS.length) throw newer(path, version);
}

/**
 * Restrict the ledger to its owner, whatever the umask and the folder: it contains parameters. SQLite gives its log the same mode.
 * @throws {UserError} if the file cannot be created (exit code 5)
 */
function keepPrivate(path: string): void {
  try {
    closeSync(openSync(path, "a", 0o600));
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
  } catch (error) {
    throw new UserError(`cannot write the ledger ${path}: ${describeFileError(error)}`, 5);
  }
}

function newer(path: string, version: number): UserError {
  return new UserError(
    `the ledger ${path} was written by a newer pushpool (its version is ${version}, this one supports up to ${MIGRATIONS.length}): to upgrade, ${upgradeHint()}. The file was not changed`,
  );
}

function damaged(path: string, what: string): LedgerError {
  return new LedgerError(
    `the ledger ${path} is damaged (${what}); it was not changed. Restore it from a backup, or move it away to start with an empty one: runs in flight are then unknown here`,
  );
}

// Primary result codes: https://www.sqlite.org/rescode.html
function asUserError(path: string, error: unknown): unknown {
  const { errcode, message } = error as { errcode?: number; message?: string };
  if (errcode === undefined) return error;
  if (message === MOVED_MESSAGE)
    return new LedgerError(`the ledger ${path} was moved, or is being moved now: see \`pushpool ledger\`, and start this command again`, 5);
  switch (errcode & 0xff) {
    case 13:
      return noSpace(path);
    case 1:
      // A SQLite file of another program, or one without its tables. Any other SQL error is our own bug.
      return /no such (table|column)|already exists/.test(message ?? "") ? damaged(path, message ?? "") : error;
    case 11:
    case 26:
      return damaged(path, message ?? "SQLite cannot read it");
    case 5:
    case 6:
      return new LedgerError(`the ledger ${path} has been locked by another process for ${BUSY_TIMEOUT / 1000} s: repeat the command`, 5);
    case 8:
    case 14:
    case 23:
      return new LedgerError(`cannot write the ledger ${path}: ${message}. Check who owns the folder and that it is not read-only`, 5);
    case 10:
      // SQLite does not pass on the system's error. A full disk is the only cause that a user can fix.
      if (isFull(path)) return noSpace(path);
      return new LedgerError(`reading or writing the ledger ${path} failed: ${message}`, 5);
    default:
      return error;
  }
}

function noSpace(path: string): LedgerError {
  return new LedgerError(
    `no space left on the disk to write the ledger ${path}: make room and repeat the command; what was written before is safe`,
    5,
  );
}

function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize < NEGLIGIBLE_SPACE;
  } catch {
    return false;
  }
}

/** The write is in the file, but may be lost in a power cut. */
export function writeFailed(path: string, error: Error): LedgerError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") return noSpace(path);
  return new LedgerError(`writing the ledger ${path} to the disk failed: ${message}. Check the disk, then repeat the command`, 5);
}

function pragma(db: DatabaseSync, name: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}

/** `node:sqlite` warns once that it is experimental. Users did not choose it, so they need not see that. */
function loadSqlite(): typeof import("node:sqlite") {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}
