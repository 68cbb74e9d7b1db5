import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { JsonObject } from "../json";
import { readJson } from "../jsonText";
import type { State, StateType } from "../model/flowRun";
import type {
  DeploymentRecord,
  Ledger,
  MinuteCount,
  NewRun,
  RunChange,
  RunFilter,
  RunQuery,
  RunRecord,
  RunSummary,
  SlotAnswer,
  SlotLimits,
  SlotsTaken,
  StoredAttempt,
} from "./ledger";
import { countSql, minutesSql, type Position, type PositionedQuery, pageSql, type Sql } from "./listing";
import { IN_MEMORY, openDatabase, translated, writeFailed } from "./openDatabase";
import {
  changedColumns,
  type DeploymentRow,
  deploymentOf,
  fromRow,
  type Row,
  type RunRow,
  type SummaryRow,
  summaryOf,
  toRow,
} from "./rows";
import { openWalSync, type WalSync } from "./walSync";
import { openWriteBatcher, type WriteBatcher } from "./writeBatcher";

const RECORD = `SELECT r.*, s.submission, s.cleaned_at FROM runs r JOIN submissions s ON s.run_id = r.id AND s.attempt = r.attempt`;

/** What a {@link SummaryRow} has. */
const SUMMARY = `r.id, r.name, r.stack, r.deployment, r.work_pool, r.work_queue, r.tags, r.attempt, r.state_type, r.state_name,
  r.state_timestamp, r.state_message, r.created_at, r.started_at, r.ended_at, r.outcome, r.version,
  s.submission ->> '$.prefect' IS NOT NULL AS on_server`;
const SUBMISSION_OF_IT = "JOIN submissions s ON s.run_id = r.id AND s.attempt = r.attempt";

/**
 * The ledger in one SQLite file, shared by all processes on this machine.
 * @param path created if it does not exist
 * @throws {UserError} see {@link openDatabase}
 */
export function openSqliteLedger(path: string): Ledger {
  return new SqliteLedger(path, openDatabase(path));
}

class SqliteLedger implements Ledger {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Absent for a ledger in memory. */
  readonly #wal: WalSync | undefined;
  readonly #batcher: WriteBatcher;
  #closed = false;

  constructor(path: string, db: DatabaseSync) {
    this.#path = path;
    this.#db = db;
    this.#wal = path === IN_MEMORY ? undefined : openWalSync(path);
    this.#batcher = openWriteBatcher(
      (work) => this.#translated(work),
      (sql) => this.#run(sql),
    );
  }

  async createRun({ run, poolType, requestDigest, submission }: NewRun): Promise<{ record: RunRecord; created: boolean }> {
    // Nothing is sent before it takes a slot, and no later write reaches the disk without this one.
    return this.#write(() => {
      const earlier = run.idempotencyKey === undefined ? this.#record(run.id) : this.#keyed(run.stack, run.deployment, run.idempotencyKey);
      if (earlier) return { record: earlier, created: false };
      const row = toRow(run, poolType, requestDigest);
      const columns = Object.keys(row);
      this.#run(`INSERT INTO runs (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`, ...Object.values(row));
      this.#storeSubmission(run.id, run.attempt, submission, run.createdAt);
      this.#addTransition(run.id, run.version, run.attempt, run.state);
      for (const tag of new Set(run.tags))
        this.#run("INSERT INTO run_tags (stack, tag, created_at, run_id) VALUES (?, ?, ?, ?)", run.stack, tag, run.createdAt, run.id);
      return { record: { run, poolType, requestDigest, submission }, created: true };
    });
  }

  async read(id: string): Promise<RunRecord | undefined> {
    return this.#translated(() => this.#record(id));
  }

  async isAt(id: string, version: number): Promise<boolean> {
    return this.#translated(() => this.#statement("SELECT 1 FROM runs WHERE id = ? AND version = ?").get(id, version) !== undefined);
  }

  async moved(runs: readonly (readonly [id: string, version: number])[]): Promise<string[]> {
    const sql = `SELECT given.value ->> 0 AS id FROM json_each(?) given LEFT JOIN runs r ON r.id = given.value ->> 0
      WHERE r.version IS NOT given.value ->> 1`;
    return this.#translated(() =>
      this.#statement(sql)
        .all(JSON.stringify(runs))
        .map(({ id }) => String(id)),
    );
  }

  async match(ref: string, limit: number): Promise<RunRecord[]> {
    return this.#translated(() => {
      // Two queries, each with its index: one with OR would scan the table.
      const byId = this.#all(`${RECORD} WHERE r.id >= ? AND r.id < ? ORDER BY r.id DESC LIMIT ?`, ref, `${ref}\u{10ffff}`, limit);
      const byName = this.#all(`${RECORD} WHERE r.name = ? ORDER BY r.id DESC LIMIT ?`, ref, limit);
      const found = new Map([...byName, ...byId].map((row) => [row.id, fromRow(row)]));
      return [...found.values()].slice(0, limit);
    });
  }

  async list({ stack, deployment, workPool, states, limit = 50 }: RunFilter): Promise<RunRecord[]> {
    const conditions: string[] = [];
    const values: SQLInputValue[] = [];
    const where = (condition: string, ...given: string[]) => {
      conditions.push(condition);
      values.push(...given);
    };
    if (stack !== undefined) where("r.stack = ?", stack);
    if (deployment !== undefined) where("r.deployment = ?", deployment);
    if (workPool !== undefined) where("r.work_pool = ?", workPool);
    if (states !== undefined) where(`r.state_type IN (${states.map(() => "?").join(", ")})`, ...states);
    const clause = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
    return this.#translated(() =>
      this.#all(`${RECORD} ${clause} ORDER BY r.created_at DESC, r.id DESC LIMIT ?`, ...values, limit).map(fromRow),
    );
  }

  async page(query: RunQuery, place: { offset: number; limit: number }): Promise<RunSummary[]> {
    return this.#translated(() => {
      const positioned = this.#positioned(query);
      if (!positioned) return [];
      const { sql, values } = pageSql(positioned, place);
      const whole = `SELECT ${SUMMARY} FROM (${sql}) found CROSS JOIN runs r ON r.id = found.id ${SUBMISSION_OF_IT}
        ORDER BY found.at DESC, found.id DESC`;
      return this.#statement(whole)
        .all(...values)
        .map((row) => summaryOf(row as unknown as SummaryRow));
    });
  }

  async count(query: RunQuery): Promise<number> {
    return this.#translated(() => {
      const positioned = this.#positioned(query);
      return positioned ? Number(this.#rows(countSql(positioned))[0]?.n) : 0;
    });
  }

  async summaries(ids: readonly string[]): Promise<RunSummary[]> {
    const sql = `SELECT ${SUMMARY} FROM json_each(?) given CROSS JOIN runs r ON r.id = given.value ${SUBMISSION_OF_IT}`;
    return this.#translated(() => this.#rows({ sql, values: [JSON.stringify(ids)] }).map((row) => summaryOf(row as unknown as SummaryRow)));
  }

  async countByMinute(query: RunQuery & { since: string; until: string }): Promise<MinuteCount[]> {
    return this.#translated(() => {
      const positioned = this.#positioned(query);
      if (!positioned) return [];
      return this.#rows(minutesSql(positioned)).map(({ minute, state, n }) => ({
        minute: String(minute),
        state: state as StateType,
        count: Number(n),
      }));
    });
  }

  async attempts(id: string): Promise<StoredAttempt[]> {
    // The run has the facts of its current attempt.
    const sql = `SELECT s.attempt, s.submission, s.stored_at, iif(s.attempt = r.attempt, r.infrastructure_id, s.infrastructure_id) AS place,
      iif(s.attempt = r.attempt, r.started_at, s.started_at) AS started
      FROM submissions s JOIN runs r ON r.id = s.run_id WHERE s.run_id = ? ORDER BY s.attempt`;
    return this.#translated(() =>
      this.#rows({ sql, values: [id] }).map(({ attempt, submission, stored_at, place, started }) => ({
        attempt: Number(attempt),
        submission: readJson(String(submission)) as JsonObject,
        storedAt: String(stored_at),
        ...(place === null ? {} : { infrastructureId: String(place) }),
        ...(started === null ? {} : { startedAt: String(started) }),
      })),
    );
  }

  async slotsTaken(stack: string): Promise<SlotsTaken[]> {
    const sql = `SELECT work_pool, work_queue, count(*) AS n FROM runs
      WHERE stack = ? AND state_type IN ('PENDING', 'RUNNING', 'CANCELLING') GROUP BY work_pool, work_queue`;
    return this.#translated(() =>
      this.#rows({ sql, values: [stack] }).map(({ work_pool, work_queue, n }) => ({
        workPool: String(work_pool),
        workQueue: String(work_queue),
        count: Number(n),
      })),
    );
  }

  async recentNames(limit: number): Promise<string[]> {
    return this.#translated(() => this.#all("SELECT name FROM runs ORDER BY id DESC LIMIT ?", limit).map(({ name }) => name));
  }

  async used(): Promise<{ stack: string; workPool: string; deployment: string }[]> {
    return this.#translated(() =>
      this.#statement("SELECT DISTINCT stack, work_pool, deployment FROM runs")
        .all()
        .map((row) => ({ stack: String(row.stack), workPool: String(row.work_pool), deployment: String(row.deployment) })),
    );
  }

  async transitions(id: string): Promise<(State & { attempt: number })[]> {
    return this.#translated(() =>
      this.#statement("SELECT attempt, type, name, timestamp, message FROM transitions WHERE run_id = ? ORDER BY sequence")
        .all(id)
        .map((row) => {
          const { message, ...state } = row as unknown as State & { attempt: number; message: string | null };
          return { ...state, ...(message === null ? {} : { message }) };
        }),
    );
  }

  async change(id: string, version: number, change: RunChange, durable: "now" | "soon" = "now"): Promise<RunRecord | undefined> {
    const work = () => {
      const row = this.#atVersion(id, version);
      return row && this.#change(row, change);
    };
    if (durable === "now") return this.#writeDurably(work);
    const changed = await this.#write(work);
    this.#wal?.soon();
    return changed;
  }

  async acquireSlot(id: string, version: number, limits: SlotLimits, change: RunChange & { state: State }): Promise<SlotAnswer> {
    return this.#writeDurably(() => {
      const row = this.#atVersion(id, version);
      if (!row) return { kind: "changed" };
      if (limits.pool !== null && this.#holding("work_pool = ?", row.stack, row.work_pool) >= limits.pool)
        return { kind: "full", of: "pool", limit: limits.pool };
      if (
        limits.queue !== null &&
        this.#holding("work_pool = ? AND work_queue = ?", row.stack, row.work_pool, row.work_queue) >= limits.queue
      ) {
        return { kind: "full", of: "queue", limit: limits.queue };
      }
      if (limits.deployment !== null && this.#holding("deployment = ?", row.stack, row.deployment) >= limits.deployment) {
        return { kind: "full", of: "deployment", limit: limits.deployment };
      }
      return { kind: "acquired", record: this.#change(row, change) };
    });
  }

  async deployments(stack: string, names?: readonly string[]): Promise<DeploymentRecord[]> {
    // One statement for any number of names.
    const filter = names ? " AND name IN (SELECT value FROM json_each(?))" : "";
    const given = names ? [stack, JSON.stringify(names)] : [stack];
    return this.#translated(() =>
      this.#statement(`SELECT * FROM deployments WHERE stack = ?${filter} ORDER BY name`)
        .all(...given)
        .map((row) => deploymentOf(row as unknown as DeploymentRow)),
    );
  }

  async changeDeployments(
    stack: string,
    { put = [], remove = [] }: { put?: readonly DeploymentRecord[]; remove?: readonly string[] },
  ): Promise<void> {
    if (put.length + remove.length === 0) return;
    await this.#writeDurably(() => {
      for (const name of remove) this.#run("DELETE FROM deployments WHERE stack = ? AND name = ?", stack, name);
      for (const { name, definition, kept, file, deployedAt } of put) {
        this.#run(
          "INSERT OR REPLACE INTO deployments (stack, name, definition, kept, file, deployed_at) VALUES (?, ?, ?, ?, ?, ?)",
          stack,
          name,
          JSON.stringify(definition),
          JSON.stringify(kept),
          file,
          deployedAt,
        );
      }
    });
  }

  async slotHolders(stack: string, workPool: string, deployment: string): Promise<RunRecord[]> {
    const holding = "r.state_type IN ('PENDING', 'RUNNING', 'CANCELLING')";
    return this.#translated(() =>
      this.#all(
        `${RECORD} WHERE (r.stack = ? AND r.work_pool = ? AND ${holding}) OR (r.stack = ? AND r.deployment = ? AND ${holding})`,
        stack,
        workPool,
        stack,
        deployment,
      ).map(fromRow),
    );
  }

  async readNote(key: string): Promise<string | undefined> {
    return this.#translated(() => this.#note(key));
  }

  async noteKeys(prefix: string, limit: number): Promise<string[]> {
    const sql = "SELECT key FROM notes WHERE key >= ? AND key < ? ORDER BY key LIMIT ?";
    return this.#translated(() =>
      this.#statement(sql)
        .all(prefix, `${prefix}\u{10ffff}`, limit)
        .map(({ key }) => String(key)),
    );
  }

  async swapNote(key: string, before: string | undefined, after: string | undefined): Promise<boolean> {
    // Notes are for other processes on this machine: they need not wait for the disk.
    return this.#write(() => {
      if (before === undefined && after === undefined) return this.#note(key) === undefined;
      const { changes } =
        before === undefined
          ? this.#run("INSERT INTO notes (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", key, after as string)
          : after === undefined
            ? this.#run("DELETE FROM notes WHERE key = ? AND value = ?", key, before)
            : this.#run("UPDATE notes SET value = ? WHERE key = ? AND value = ?", after, key, before);
      return changes === 1;
    });
  }

  async changeNote(key: string, change: (now: string | undefined) => string | undefined): Promise<string | undefined> {
    return this.#write(() => {
      const before = this.#note(key);
      const after = change(before);
      if (after === before) return after;
      if (after === undefined) this.#run("DELETE FROM notes WHERE key = ?", key);
      else if (before === undefined) this.#run("INSERT INTO notes (key, value) VALUES (?, ?)", key, after);
      else this.#run("UPDATE notes SET value = ? WHERE key = ?", after, key);
      return after;
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#batcher.flush();
    this.#closed = true;
    this.#statements.clear();
    this.#db.close();
    this.#wal?.close();
  }

  /** @returns `undefined` if it names a run that is not in the ledger: then nothing matches */
  #positioned({ upTo, after, ...query }: RunQuery): PositionedQuery | undefined {
    const ends = { upTo: this.#position(upTo), after: this.#position(after) };
    if ((upTo !== undefined && !ends.upTo) || (after !== undefined && !ends.after)) return undefined;
    return { ...query, ...(ends.upTo ? { upTo: ends.upTo } : {}), ...(ends.after ? { after: ends.after } : {}) };
  }

  #position(id: string | undefined): Position | undefined {
    const row = id === undefined ? undefined : this.#statement("SELECT created_at FROM runs WHERE id = ?").get(id);
    return row && { createdAt: String(row.created_at), id: id as string };
  }

  #atVersion(id: string, version: number): RunRow | undefined {
    return this.#one(`${RECORD} WHERE r.id = ? AND r.version = ?`, id, version);
  }

  /** @returns the new run: what was read before, with the change */
  #change(before: RunRow, change: RunChange): RunRecord {
    const { id } = before;
    const version = before.version + 1;
    const attempt = change.nextAttempt ? Math.max(before.attempt + 1, change.nextAttempt.attempt ?? 0) : before.attempt;
    const columns: Row = { version, attempt, ...changedColumns(change) };
    const names = Object.keys(columns);
    this.#run(`UPDATE runs SET ${names.map((name) => `${name} = ?`).join(", ")} WHERE id = ?`, ...Object.values(columns), id);

    const after = { ...before, ...columns } as RunRow;
    if (change.state) this.#addTransition(id, version, attempt, change.state);
    if (change.nextAttempt) {
      const { submission } = change.nextAttempt;
      this.#run(
        "UPDATE submissions SET infrastructure_id = ?, started_at = ? WHERE run_id = ? AND attempt = ?",
        before.infrastructure_id,
        before.started_at,
        id,
        before.attempt,
      );
      this.#storeSubmission(id, attempt, submission, change.state?.timestamp ?? new Date().toISOString());
      Object.assign(after, { submission: JSON.stringify(submission), cleaned_at: null });
    }
    if (change.cleanedAt) {
      this.#run("UPDATE submissions SET cleaned_at = ? WHERE run_id = ? AND attempt = ?", change.cleanedAt, id, attempt);
      after.cleaned_at = change.cleanedAt;
    }
    return fromRow(after);
  }

  #note(key: string): string | undefined {
    return this.#statement("SELECT value FROM notes WHERE key = ?").get(key)?.value as string | undefined;
  }

  #record(id: string): RunRecord | undefined {
    const row = this.#one(`${RECORD} WHERE r.id = ?`, id);
    return row && fromRow(row);
  }

  #keyed(stack: string, deployment: string, key: string): RunRecord | undefined {
    const row = this.#one(`${RECORD} WHERE r.stack = ? AND r.deployment = ? AND r.idempotency_key = ?`, stack, deployment, key);
    return row && fromRow(row);
  }

  #holding(condition: string, ...values: string[]): number {
    const counted = this.#statement(
      `SELECT count(*) AS n FROM runs WHERE stack = ? AND ${condition} AND state_type IN ('PENDING', 'RUNNING', 'CANCELLING')`,
    ).get(...values);
    return Number(counted?.n);
  }

  #storeSubmission(id: string, attempt: number, submission: JsonObject, at: string): void {
    this.#run(
      "INSERT INTO submissions (run_id, attempt, submission, stored_at) VALUES (?, ?, ?, ?)",
      id,
      attempt,
      JSON.stringify(submission),
      at,
    );
  }

  /** A run's version numbers its transitions: unique, in order, and without a query. */
  #addTransition(id: string, sequence: number, attempt: number, { type, name, timestamp, message }: State): void {
    this.#run(
      "INSERT INTO transitions (run_id, sequence, attempt, type, name, timestamp, message) VALUES (?, ?, ?, ?, ?, ?, ?)",
      id,
      sequence,
      attempt,
      type,
      name,
      timestamp,
      message ?? null,
    );
  }

  /** Resolves when the write would survive a power cut: what is about to be sent must not be lost. */
  async #writeDurably<T>(work: () => T): Promise<T> {
    const result = await this.#write(work);
    try {
      await this.#wal?.synced();
    } catch (error) {
      throw writeFailed(this.#path, error as Error);
    }
    return result;
  }

  /** Resolves when other processes see the write. */
  #write<T>(work: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new Error(`the ledger ${this.#path} is closed`));
    return this.#batcher.write(work);
  }

  #translated<T>(work: () => T): T {
    return translated(this.#path, work);
  }

  #run(sql: string, ...values: SQLInputValue[]): { changes: number | bigint } {
    return this.#statement(sql).run(...values);
  }

  #one(sql: string, ...values: SQLInputValue[]): RunRow | undefined {
    return this.#statement(sql).get(...values) as RunRow | undefined;
  }

  #all(sql: string, ...values: SQLInputValue[]): RunRow[] {
    return this.#statement(sql).all(...values) as unknown as RunRow[];
  }

  #rows({ sql, values }: Sql): Record<string, unknown>[] {
    return this.#statement(sql).all(...values);
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const prepared = this.#db.prepare(sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }
}
