import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { UserError } from "../userError";
import { MIGRATIONS } from "./schema";

/** How long one process waits for another's write, in milliseconds. */
const BUSY_TIMEOUT = 15_000;

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
    throw new UserError(`cannot read the ledger ${path}: ${(error as Error).message}`, 5);
  }
  if (length < 100 || header.toString("latin1", 0, 16) !== "SQLite format 3\0") throw damaged(path, "it is not a SQLite file");
  const version = header.readUInt32BE(60);
  if (version > MIGRATIONS.length) throw newer(path, version);
}

function newer(path: string, version: number): UserError {
  return new UserError(
    `the ledger ${path} was written by a newer pushpool (its version is ${version}, this one knows up to ${MIGRATIONS.length}): upgrade with \`npm install pushpool@latest\`; the file was left as it is`,
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
      return new UserError(
        `no space left to write the ledger ${path}: make room and repeat the command; what was written before is safe`,
        5,
      );
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
      return new UserError(`reading or writing the ledger ${path} failed: ${message}`, 5);
    default:
      return error;
  }
}

/** What was written is in the file, and may not be there after a power cut. */
export function writeFailed(path: string, { message }: Error): UserError {
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
