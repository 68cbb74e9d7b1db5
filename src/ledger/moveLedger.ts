import { existsSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { readJson } from "../jsonText";
import { TERMINAL } from "../model/run";
import { UserError } from "../userError";
import { movedPlace, readMoved, writeMoved } from "./homeRecords";
import type { LedgerAddress } from "./ledgerAddress";
import { ledgerPath, MOVED_MESSAGE, openDatabase, translated } from "./openDatabase";
import type { MovedRow, MoveTarget } from "./postgres/moveTarget";

/** How many rows are sent at a time. */
const BATCH = 500;

/** The tables, the one with the runs last: a run that is there has all its rows. */
const TABLES: readonly { name: string; key: readonly string[] }[] = [
  { name: "deployments", key: ["stack", "name"] },
  { name: "notes", key: ["key"] },
  { name: "run_tags", key: ["stack", "tag", "created_at", "run_id"] },
  { name: "transitions", key: ["run_id", "sequence"] },
  { name: "submissions", key: ["run_id", "attempt"] },
  { name: "runs", key: ["id"] },
];

/** What was moved. */
export interface MoveReport {
  /** The URL without its password. */
  to: string;
  /** The rows of each table of the file, which are all there now. */
  rows: Record<string, number>;
  /** Runs whose idempotency key another run has there: they are there without it. */
  withoutKey: number;
  /** The database uses another key for the digests of secrets than this home did. Ended runs need none. */
  otherDigestKey: boolean;
}

/**
 * Move the history of a home's ledger to a database. The file stays, and is not written any more. It can be interrupted at any time:
 * repeating it continues.
 * @param options.digestKey the home's key of the digests of secrets
 * @throws {UserError} if runs have not ended (exit code 2; nothing is changed), or if the database cannot be used (5)
 */
export async function moveLedger(
  home: string,
  to: LedgerAddress,
  { digestKey, warn }: { digestKey: () => Buffer; warn: (message: string) => void },
): Promise<MoveReport> {
  const path = ledgerPath(home);
  if (!existsSync(path)) throw new UserError(`there is no ledger to move: ${path} does not exist`);
  refuseMovedAgain(home);
  const { moveTarget } = await import("./postgres/index.js");
  const target = moveTarget(to, warn);
  try {
    refuseMovedAgain(home, target);
    // The database must be usable before anything is closed here.
    const isItsKey = await target.offerDigestKey(digestKey());
    const db = openDatabase(path);
    try {
      close(db, home, path, target);
      const copied = await copy(db, target);
      writeMoved(home, { to: target.name, schema: target.schema, at: new Date().toISOString() });
      return { ...copied, otherDigestKey: !isItsKey };
    } finally {
      db.close();
    }
  } finally {
    target.close();
  }
}

/** @throws {UserError} if the ledger has moved, or is being moved to another place than this one */
function refuseMovedAgain(home: string, target?: Pick<MoveTarget, "name" | "schema">): void {
  const moved = readMoved(home);
  if (!moved) return;
  if (moved.at !== undefined) throw new UserError(`the ledger of ${home} was already moved to ${movedPlace(moved)}`);
  if (target && (moved.to !== target.name || (moved.schema ?? target.schema) !== target.schema))
    throw new UserError(
      `the ledger of ${home} is already being moved to ${movedPlace(moved)}: finish that, or go back with \`pushpool ledger move --cancel\``,
    );
}

/** Go back to the file, if a move was not finished. @throws {UserError} if there is none */
export function cancelMove(home: string): void {
  const moved = readMoved(home);
  if (!moved) throw new UserError(`the ledger of ${home} is not being moved`);
  if (moved.at !== undefined)
    throw new UserError(`the ledger of ${home} was moved to ${movedPlace(moved)} on ${moved.at}: commands use it there now`);
  const db = openDatabase(ledgerPath(home));
  try {
    for (const [trigger] of triggers()) db.exec(`DROP TRIGGER IF EXISTS ${trigger}`);
  } finally {
    db.close();
  }
  writeMoved(home, undefined);
}

/** How many runs of a home have not ended. */
export function unfinishedIn(home: string): number {
  const db = openDatabase(ledgerPath(home));
  try {
    return unfinished(db);
  } finally {
    db.close();
  }
}

function unfinished(db: DatabaseSync): number {
  const ended = TERMINAL.map((type) => `'${type}'`).join(", ");
  return Number(db.prepare(`SELECT count(*) AS n FROM runs WHERE state_type NOT IN (${ended})`).get()?.n);
}

/**
 * Refuse all writes from now on, also those of processes that have the file open. If two moves run at once, the first decides the
 * destination.
 */
function close(db: DatabaseSync, home: string, path: string, target: MoveTarget): void {
  translated(path, () => {
    db.exec("BEGIN IMMEDIATE");
    const before = readMoved(home);
    try {
      refuseMovedAgain(home, target);
      const going = unfinished(db);
      if (going > 0)
        throw new UserError(
          `${going} ${going === 1 ? "run has" : "runs have"} not ended: wait for them with --wait, or cancel them. Nothing was moved`,
        );
      writeMoved(home, { to: target.name, schema: target.schema });
      for (const [, sql] of triggers()) db.exec(sql);
      db.exec("COMMIT");
    } catch (error) {
      db.exec("ROLLBACK");
      if (!before) writeMoved(home, undefined);
      throw error;
    }
  });
}

function triggers(): [name: string, sql: string][] {
  return TABLES.flatMap(({ name }) =>
    ["INSERT", "UPDATE", "DELETE"].map((change): [string, string] => {
      const trigger = `moved_${name}_${change.toLowerCase()}`;
      return [
        trigger,
        `CREATE TRIGGER IF NOT EXISTS ${trigger} BEFORE ${change} ON ${name} BEGIN SELECT RAISE(ABORT, '${MOVED_MESSAGE}'); END`,
      ];
    }),
  );
}

async function copy(db: DatabaseSync, target: MoveTarget): Promise<Omit<MoveReport, "otherDigestKey">> {
  const { keyOf } = await import("./postgres/index.js");
  const rows: Record<string, number> = {};
  let withoutKey = 0;
  for (const { name, key } of TABLES) {
    rows[name] = 0;
    for await (const batch of batches(db, name, key)) {
      const taken = name === "runs" ? await target.takenKeys(batch) : new Set<string>();
      const ready = batch.map((row) => {
        const isTaken = row.idempotency_key !== null && taken.has(keyOf(row));
        if (isTaken) withoutKey += 1;
        return prepared(name, isTaken ? { ...row, idempotency_key: null } : row);
      });
      const there = await target.put(name, key, ready);
      if (there !== batch.length)
        throw new UserError(`only ${there} of ${batch.length} rows of "${name}" are in ${target.name}: repeat the command`, 5);
      rows[name] += there;
    }
  }
  return { to: target.name, rows, withoutKey };
}

/** The rows of a table, in the order of its primary key. */
function* batches(db: DatabaseSync, table: string, key: readonly string[]): Generator<MovedRow[]> {
  const columns = key.join(", ");
  const marks = key.map(() => "?").join(", ");
  const first = db.prepare(`SELECT * FROM ${table} ORDER BY ${columns} LIMIT ${BATCH}`);
  const next = db.prepare(`SELECT * FROM ${table} WHERE (${columns}) > (${marks}) ORDER BY ${columns} LIMIT ${BATCH}`);
  for (let batch = first.all() as MovedRow[]; batch.length > 0; ) {
    yield batch;
    const last = batch.at(-1) as MovedRow;
    batch = next.all(...key.map((column) => last[column] as string | number)) as MovedRow[];
  }
}

/** The columns that only the database has. */
function prepared(table: string, row: MovedRow): MovedRow {
  if (table === "runs") return { ...row, last_write: "moved" };
  if (table !== "submissions") return row;
  const { prefect } = readJson(String(row.submission)) as { prefect?: unknown };
  return { ...row, on_server: prefect === undefined || prefect === null ? 0 : 1 };
}
