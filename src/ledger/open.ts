import { chmodSync, closeSync, existsSync, openSync, readSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { describeFileError } from "../fileErrors";
import { upgradeHint } from "../origin";
import { UserError } from "../userError";
import { MIGRATIONS } from "./schema";

/** How long one process waits for another's write, in milliseconds. */
const BUSY_TIMEOUT = 15_000;

/** Less free space than this, in bytes, is none: SQLite writes whole pages and the index of its log. */
const NEGLIGIBLE_SPACE = 64 * 1024;

/** As SQLite calls a database that is no file. */
export const IN_MEMORY = ":memory:";

/** Where the ledger of a home lies. */
export function ledgerPath(home: string): string {
  return join(home, "ledger.db");
}

/**
 * Open the SQLite file of a ledger, made and migrated if need be.
 * @throws {UserError} (2) if it is damaged or of a newer version: it is then left as it is; (5) if it cannot be opened or the disk is full
 */
export function openDatabase(path: string): DatabaseSync {
  checkHeader(path);
  if (path !== IN_MEMORY) keepPrivate(path);
  return translated(path, () => {
    const { DatabaseSync } = loadSqlite();
    const db = new DatabaseSync(path);
    // Before journal_mode: two processes that make the file at once would else meet SQLITE_BUSY there.
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    if (pragma(db, "journal_mode") !== "wal") db.exec("PRAGMA journal_mode = wal");
    // A commit need not wait for the disk: who needs that waits for `walSync.ts`, and this process can do other things meanwhile.
    db.exec("PRAGMA synchronous = NORMAL");
    if (Number(pragma(db, "user_version")) < MIGRATIONS.length) migrate(db, path);
    return db;
  });
}

/**
 * Read the whole ledger and see that it is sound: for a process that will live on it for long.
 * @throws {UserError} (2) if it is damaged; whatever {@link openDatabase} throws
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

/** Run `work`, with SQLite's errors told as what the user can do about them. */
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

/** Looks at the first 100 bytes (https://www.sqlite.org/fileformat.html#the_database_header), so that a file which is refused is not even opened by SQLite. */
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
 * The ledger is for its owner only, whatever the umask and the folder: it holds parameters. SQLite gives its log the same mode.
 * @throws {UserError} (5) if the file cannot be made
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
    `the ledger ${path} was written by a newer pushpool (its version is ${version}, this one knows up to ${MIGRATIONS.length}): to upgrade, ${upgradeHint()}. The file was left as it is`,
  );
}

function damaged(path: string, what: string): UserError {
  return new UserError(
    `the ledger ${path} is damaged (${what}); it was left as it is. Restore it from a backup, or move it away to start with an empty one: runs that are in flight are then no longer known here`,
  );
}

// Primary result codes: https://www.sqlite.org/rescode.html
function asUserError(path: string, error: unknown): unknown {
  const { errcode, message } = error as { errcode?: number; message?: string };
  if (errcode === undefined) return error;
  switch (errcode & 0xff) {
    case 13:
      return noSpace(path);
    case 1:
      // A SQLite file of another program, or one whose tables are gone. Any other SQL error is a bug of ours.
      return /no such (table|column)|already exists/.test(message ?? "") ? damaged(path, message ?? "") : error;
    case 11:
    case 26:
      return damaged(path, message ?? "SQLite cannot read it");
    case 5:
    case 6:
      return new UserError(`the ledger ${path} has been locked by another process for ${BUSY_TIMEOUT / 1000} s: repeat the command`, 5);
    case 8:
    case 14:
    case 23:
      return new UserError(`cannot write the ledger ${path}: ${message}. Check who owns the folder and that it is not read-only`, 5);
    case 10:
      // SQLite does not say what the system said; a full disk is the one cause that a user can do something about.
      if (isFull(path)) return noSpace(path);
      return new UserError(`reading or writing the ledger ${path} failed: ${message}`, 5);
    default:
      return error;
  }
}

function noSpace(path: string): UserError {
  return new UserError(
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

/** What was written is in the file, and may not be there after a power cut. */
export function writeFailed(path: string, error: Error): UserError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") return noSpace(path);
  return new UserError(`writing the ledger ${path} to the disk failed: ${message}. Check the disk, then repeat the command`, 5);
}

function pragma(db: DatabaseSync, name: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}

/** `node:sqlite` warns once that it is experimental; users did not choose it, so they need not read that. */
function loadSqlite(): typeof import("node:sqlite") {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}
