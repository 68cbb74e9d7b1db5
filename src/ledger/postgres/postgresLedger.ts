import { v4 as uuid } from "uuid";
import type { JsonObject } from "../../json";
import { readJson } from "../../jsonText";
import type { State, StateType } from "../../model/flowRun";
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
} from "../ledger";
import { countSql, minutesSql, type PositionedQuery, pageSql, type Sql } from "../listing";
import { changedColumns, type DeploymentRow, deploymentOf, fromRow, type RunRow, type SummaryRow, summaryOf, toRow } from "../rows";
import { type Execute, openPostgresDatabase, type PostgresDatabase, type PostgresValue } from "./database";

const HOLDING = "state_type IN ('PENDING', 'RUNNING', 'CANCELLING')";

/**
 * The ledger in a Postgres database, shared by all processes on all machines that have its URL. It connects at the first use, and makes
 * its schema then.
 *
 * A write is one transaction in READ COMMITTED: it locks the row of its run, so that of several writers each sees what the one before it
 * wrote. Who takes a slot also locks the pool and the deployment, but only until the end of that transaction.
 * @param url `postgres://USER:PASSWORD@HOST/DATABASE`, with libpq's `sslmode`
 * @param options.schema @default "pushpool"
 */
export function openPostgresLedger(url: string, { schema }: { schema?: string } = {}): Ledger {
  return new PostgresLedger(openPostgresDatabase(url, schema));
}

class PostgresLedger implements Ledger {
  readonly #db: PostgresDatabase;
  readonly #record: string;
  readonly #summary: string;
  #closed = false;

  constructor(db: PostgresDatabase) {
    this.#db = db;
    const joined = `${db.table("runs")} r JOIN ${db.table("submissions")} s ON s.run_id = r.id AND s.attempt = r.attempt`;
    this.#record = `SELECT r.*, s.submission, s.cleaned_at FROM ${joined}`;
    this.#summary = `SELECT r.id, r.name, r.stack, r.deployment, r.work_pool, r.work_queue, r.tags, r.attempt, r.state_type, r.state_name,
      r.state_timestamp, r.state_message, r.created_at, r.started_at, r.ended_at, r.outcome, r.version, s.on_server FROM ${joined}`;
  }

  async createRun({ run, poolType, requestDigest, submission }: NewRun): Promise<{ record: RunRecord; created: boolean }> {
    const write = uuid();
    const columns = storable({ ...toRow(run, poolType, requestDigest), last_write: write });
    const names = Object.keys(columns);
    const created = { record: { run, poolType, requestDigest, submission }, created: true };
    const earlier = (execute: Execute) =>
      run.idempotencyKey === undefined
        ? this.#one(execute, "r.id = $1", [run.id])
        : this.#one(execute, "r.stack = $1 AND r.deployment = $2 AND r.idempotency_key = $3", [
            run.stack,
            run.deployment,
            run.idempotencyKey,
          ]);
    return this.#transaction(
      async (execute) => {
        const { rowCount } = await execute(
          `INSERT INTO ${this.#db.table("runs")} (${names.join(", ")}) VALUES (${names.map((_, n) => `$${n + 1}`).join(", ")})
            ON CONFLICT DO NOTHING`,
          Object.values(columns),
        );
        if (rowCount === 0) {
          const row = await earlier(execute);
          if (row) return { record: fromRow(row), created: false };
          throw new Error(`run ${run.id} has the id of an earlier run with another idempotency key`);
        }
        await this.#storeSubmission(execute, run.id, run.attempt, submission, run.createdAt);
        await this.#addTransition(execute, run.id, run.version, run.attempt, run.state);
        if (run.tags.length > 0)
          await execute(
            `INSERT INTO ${this.#db.table("run_tags")} (stack, tag, created_at, run_id) SELECT $1, tag, $3, $4 FROM unnest($2::text[]) tag`,
            [run.stack, [...new Set(run.tags)].map(clean), run.createdAt, run.id],
          );
        return created;
      },
      async () => ((await this.#one(this.#db.read, "r.last_write = $1 AND r.id = $2", [write, run.id])) ? { result: created } : undefined),
    );
  }

  async read(id: string): Promise<RunRecord | undefined> {
    const row = await this.#one(this.#db.read, "r.id = $1", [id]);
    return row && fromRow(row);
  }

  async isAt(id: string, version: number): Promise<boolean> {
    return (await this.#rows(`SELECT 1 FROM ${this.#db.table("runs")} WHERE id = $1 AND version = $2`, [id, version])).length > 0;
  }

  async moved(runs: readonly (readonly [id: string, version: number])[]): Promise<string[]> {
    const sql = `SELECT given.id FROM unnest($1::text[], $2::int[]) AS given (id, version)
      LEFT JOIN ${this.#db.table("runs")} r ON r.id = given.id WHERE r.version IS DISTINCT FROM given.version`;
    return (await this.#rows(sql, [runs.map(([id]) => id), runs.map(([, version]) => version)])).map(({ id }) => String(id));
  }

  async match(ref: string, limit: number): Promise<RunRecord[]> {
    const byId = await this.#runs("WHERE r.id >= $1 AND r.id < $2 ORDER BY r.id DESC LIMIT $3", [ref, `${ref}\u{10ffff}`, limit]);
    const byName = await this.#runs("WHERE r.name = $1 ORDER BY r.id DESC LIMIT $2", [ref, limit]);
    return [...new Map([...byName, ...byId].map((row) => [row.id, fromRow(row)])).values()].slice(0, limit);
  }

  async list({ stack, deployment, workPool, states, limit = 50 }: RunFilter): Promise<RunRecord[]> {
    const conditions: string[] = [];
    const values: PostgresValue[] = [];
    const where = (condition: string, value: PostgresValue | undefined) => {
      if (value !== undefined) conditions.push(`${condition.replace("?", `$${values.push(value)}`)}`);
    };
    where("r.stack = ?", stack);
    where("r.deployment = ?", deployment);
    where("r.work_pool = ?", workPool);
    where("r.state_type = ANY(?)", states);
    const clause = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
    const order = `ORDER BY r.created_at DESC, r.id DESC LIMIT $${values.push(limit)}`;
    return (await this.#runs(`${clause} ${order}`, values)).map(fromRow);
  }

  async page(query: RunQuery, place: { offset: number; limit: number }): Promise<RunSummary[]> {
    const positioned = await this.#positioned(query);
    if (!positioned) return [];
    const { sql, values } = this.#dialect(pageSql(positioned, place));
    const whole = `${this.#summary} JOIN (${sql}) found ON found.id = r.id ORDER BY found.at DESC, found.id DESC`;
    return (await this.#rows(whole, values)).map((row) => summaryOf(row as unknown as SummaryRow));
  }

  async count(query: RunQuery): Promise<number> {
    const positioned = await this.#positioned(query);
    if (!positioned) return 0;
    const { sql, values } = this.#dialect(countSql(positioned));
    return Number((await this.#rows(sql, values))[0]?.n);
  }

  async summaries(ids: readonly string[]): Promise<RunSummary[]> {
    return (await this.#rows(`${this.#summary} WHERE r.id = ANY($1)`, [ids])).map((row) => summaryOf(row as unknown as SummaryRow));
  }

  async countByMinute(query: RunQuery & { since: string; until: string }): Promise<MinuteCount[]> {
    const positioned = await this.#positioned(query);
    if (!positioned) return [];
    const { sql, values } = this.#dialect(minutesSql(positioned));
    return (await this.#rows(sql, values)).map(({ minute, state, n }) => ({
      minute: String(minute),
      state: state as StateType,
      count: Number(n),
    }));
  }

  async attempts(id: string): Promise<StoredAttempt[]> {
    // The run has the facts of its current attempt.
    const sql = `SELECT s.attempt, s.submission, s.stored_at,
      CASE WHEN s.attempt = r.attempt THEN r.infrastructure_id ELSE s.infrastructure_id END AS place,
      CASE WHEN s.attempt = r.attempt THEN r.started_at ELSE s.started_at END AS started
      FROM ${this.#db.table("submissions")} s JOIN ${this.#db.table("runs")} r ON r.id = s.run_id WHERE s.run_id = $1 ORDER BY s.attempt`;
    return (await this.#rows(sql, [id])).map(({ attempt, submission, stored_at, place, started }) => ({
      attempt: Number(attempt),
      submission: readJson(String(submission)) as JsonObject,
      storedAt: String(stored_at),
      ...(place === null ? {} : { infrastructureId: String(place) }),
      ...(started === null ? {} : { startedAt: String(started) }),
    }));
  }

  async slotsTaken(stack: string): Promise<SlotsTaken[]> {
    const sql = `SELECT work_pool, work_queue, count(*) AS n FROM ${this.#db.table("runs")} WHERE stack = $1 AND ${HOLDING}
      GROUP BY work_pool, work_queue`;
    return (await this.#rows(sql, [stack])).map(({ work_pool, work_queue, n }) => ({
      workPool: String(work_pool),
      workQueue: String(work_queue),
      count: Number(n),
    }));
  }

  async recentNames(limit: number): Promise<string[]> {
    const rows = await this.#rows(`SELECT name FROM ${this.#db.table("runs")} ORDER BY id DESC LIMIT $1`, [limit]);
    return rows.map(({ name }) => String(name));
  }

  async used(): Promise<{ stack: string; workPool: string; deployment: string }[]> {
    const rows = await this.#rows(`SELECT DISTINCT stack, work_pool, deployment FROM ${this.#db.table("runs")}`);
    return rows.map((row) => ({ stack: String(row.stack), workPool: String(row.work_pool), deployment: String(row.deployment) }));
  }

  async transitions(id: string): Promise<(State & { attempt: number })[]> {
    const sql = `SELECT attempt, type, name, timestamp, message FROM ${this.#db.table("transitions")} WHERE run_id = $1 ORDER BY sequence`;
    return (await this.#rows(sql, [id])).map((row) => {
      const { message, ...state } = row as unknown as State & { attempt: number; message: string | null };
      return { ...state, ...(message === null ? {} : { message }) };
    });
  }

  async change(id: string, version: number, change: RunChange): Promise<RunRecord | undefined> {
    const write = uuid();
    return this.#transaction(
      async (execute) => {
        const row = await this.#atVersion(execute, id, version);
        return row && this.#change(execute, row, change, write);
      },
      () => this.#written(id, write),
    );
  }

  async acquireSlot(id: string, version: number, limits: SlotLimits, change: RunChange & { state: State }): Promise<SlotAnswer> {
    const write = uuid();
    return this.#transaction(
      async (execute): Promise<SlotAnswer> => {
        const before = await this.#one(execute, "r.id = $1 AND r.version = $2", [id, version]);
        if (!before) return { kind: "changed" };
        // The pool always before the deployment: so no two wait for each other.
        if (limits.pool !== null || limits.queue !== null) await this.#lock(execute, "pool", before.stack, before.work_pool);
        if (limits.deployment !== null) await this.#lock(execute, "deployment", before.stack, before.deployment);
        const row = await this.#atVersion(execute, id, version);
        if (!row) return { kind: "changed" };
        const full = await this.#full(execute, row, limits);
        if (full) return full;
        return { kind: "acquired", record: await this.#change(execute, row, change, write) };
      },
      async () => {
        const found = await this.#written(id, write);
        return found && { result: { kind: "acquired", record: found.result } };
      },
    );
  }

  async deployments(stack: string, names?: readonly string[]): Promise<DeploymentRecord[]> {
    const filter = names ? " AND name = ANY($2)" : "";
    const sql = `SELECT * FROM ${this.#db.table("deployments")} WHERE stack = $1${filter} ORDER BY name`;
    return (await this.#rows(sql, names ? [stack, names] : [stack])).map((row) => deploymentOf(row as unknown as DeploymentRow));
  }

  async changeDeployments(
    stack: string,
    { put = [], remove = [] }: { put?: readonly DeploymentRecord[]; remove?: readonly string[] },
  ): Promise<void> {
    if (put.length + remove.length === 0) return;
    await this.#transaction(async (execute) => {
      if (remove.length > 0)
        await execute(`DELETE FROM ${this.#db.table("deployments")} WHERE stack = $1 AND name = ANY($2)`, [stack, remove]);
      // In one order for all writers: so no two wait for each other.
      for (const { name, definition, kept, file, deployedAt } of [...put].sort((a, b) => (a.name < b.name ? -1 : 1)))
        await execute(
          `INSERT INTO ${this.#db.table("deployments")} (stack, name, definition, kept, file, deployed_at) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (stack, name) DO UPDATE SET definition = excluded.definition, kept = excluded.kept, file = excluded.file,
            deployed_at = excluded.deployed_at`,
          [stack, name, JSON.stringify(definition), JSON.stringify(kept), clean(file), deployedAt],
        );
    });
  }

  async slotHolders(stack: string, workPool: string, deployment: string): Promise<RunRecord[]> {
    const rows = await this.#runs(`WHERE r.stack = $1 AND (r.work_pool = $2 OR r.deployment = $3) AND r.${HOLDING}`, [
      stack,
      workPool,
      deployment,
    ]);
    return rows.map(fromRow);
  }

  async readNote(key: string): Promise<string | undefined> {
    return this.#note(this.#db.read, key);
  }

  async noteKeys(prefix: string, limit: number): Promise<string[]> {
    const sql = `SELECT key FROM ${this.#db.table("notes")} WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3`;
    return (await this.#rows(sql, [prefix, `${prefix}\u{10ffff}`, limit])).map(({ key }) => String(key));
  }

  async swapNote(key: string, before: string | undefined, after: string | undefined): Promise<boolean> {
    if (before === undefined && after === undefined) return (await this.readNote(key)) === undefined;
    return this.#transaction(
      (execute) => this.#swap(execute, key, before, after),
      // A note that has the new value now got it from this write, unless another one wrote the same.
      async () => ((await this.readNote(key)) === after ? { result: true } : undefined),
    );
  }

  async changeNote(key: string, change: (now: string | undefined) => string | undefined): Promise<string | undefined> {
    for (;;) {
      const before = await this.readNote(key);
      const after = change(before);
      if (after === before || (await this.swapNote(key, before, after))) return after;
    }
  }

  close(): void {
    this.#closed = true;
    this.#db.close();
  }

  async #positioned({ upTo, after, ...query }: RunQuery): Promise<PositionedQuery | undefined> {
    const ids = [upTo, after].filter((id) => id !== undefined);
    if (ids.length === 0) return query;
    const rows = await this.#rows(`SELECT id, created_at FROM ${this.#db.table("runs")} WHERE id = ANY($1)`, [ids]);
    const places = new Map(rows.map(({ id, created_at }) => [String(id), { createdAt: String(created_at), id: String(id) }]));
    const ends = { upTo: places.get(upTo ?? ""), after: places.get(after ?? "") };
    if ((upTo !== undefined && !ends.upTo) || (after !== undefined && !ends.after)) return undefined;
    return { ...query, ...(ends.upTo ? { upTo: ends.upTo } : {}), ...(ends.after ? { after: ends.after } : {}) };
  }

  /** A query of `listing.ts` in the words of Postgres. There only the case of ASCII letters does not matter. */
  #dialect({ sql, values }: Sql): Sql {
    let n = 0;
    return {
      values,
      sql: sql
        .replaceAll(/(r\.\w+) LIKE \?/g, 'lower($1 COLLATE "C") LIKE lower(?::text COLLATE "C")')
        .replaceAll("CROSS JOIN runs r ON", "JOIN runs r ON")
        .replaceAll(/\b(FROM|JOIN) (runs|run_tags)\b/g, (_, word: string, table: string) => `${word} ${this.#db.table(table)}`)
        .replaceAll("?", () => {
          n += 1;
          return `$${n}`;
        }),
    };
  }

  /** Whoever takes a slot there waits until this transaction ends. */
  async #lock(execute: Execute, kind: "pool" | "deployment", stack: string, name: string): Promise<void> {
    await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [JSON.stringify([this.#db.table(kind), stack, name])]);
  }

  async #full(execute: Execute, row: RunRow, limits: SlotLimits): Promise<SlotAnswer | undefined> {
    const holding = async (condition: string, ...values: string[]) => {
      const sql = `SELECT count(*) AS n FROM ${this.#db.table("runs")} WHERE stack = $1 AND ${condition} AND ${HOLDING}`;
      return Number((await execute(sql, [row.stack, ...values])).rows[0]?.n);
    };
    if (limits.pool !== null && (await holding("work_pool = $2", row.work_pool)) >= limits.pool)
      return { kind: "full", of: "pool", limit: limits.pool };
    if (limits.queue !== null && (await holding("work_pool = $2 AND work_queue = $3", row.work_pool, row.work_queue)) >= limits.queue)
      return { kind: "full", of: "queue", limit: limits.queue };
    if (limits.deployment !== null && (await holding("deployment = $2", row.deployment)) >= limits.deployment)
      return { kind: "full", of: "deployment", limit: limits.deployment };
    return undefined;
  }

  /** The run, locked until the end of the transaction; `undefined` if it has another version. */
  #atVersion(execute: Execute, id: string, version: number): Promise<RunRow | undefined> {
    return this.#one(execute, "r.id = $1 AND r.version = $2", [id, version], " FOR UPDATE OF r");
  }

  /** @returns the new run: what was read before, with the change */
  async #change(execute: Execute, before: RunRow, change: RunChange, write: string): Promise<RunRecord> {
    const { id } = before;
    const version = before.version + 1;
    const attempt = change.nextAttempt ? Math.max(before.attempt + 1, change.nextAttempt.attempt ?? 0) : before.attempt;
    const columns = storable({ version, attempt, last_write: write, ...changedColumns(change) });
    const names = Object.keys(columns);
    await execute(`UPDATE ${this.#db.table("runs")} SET ${names.map((name, n) => `${name} = $${n + 2}`).join(", ")} WHERE id = $1`, [
      id,
      ...Object.values(columns),
    ]);
    const after = { ...before, ...columns } as RunRow;
    if (change.state) await this.#addTransition(execute, id, version, attempt, change.state);
    if (change.nextAttempt) {
      const { submission } = change.nextAttempt;
      await execute(
        `UPDATE ${this.#db.table("submissions")} SET infrastructure_id = $1, started_at = $2 WHERE run_id = $3 AND attempt = $4`,
        [before.infrastructure_id, before.started_at, id, before.attempt],
      );
      await this.#storeSubmission(execute, id, attempt, submission, change.state?.timestamp ?? new Date().toISOString());
      Object.assign(after, { submission: JSON.stringify(submission), cleaned_at: null });
    }
    if (change.cleanedAt) {
      await execute(`UPDATE ${this.#db.table("submissions")} SET cleaned_at = $1 WHERE run_id = $2 AND attempt = $3`, [
        change.cleanedAt,
        id,
        attempt,
      ]);
      after.cleaned_at = change.cleanedAt;
    }
    return fromRow(after);
  }

  /** The run, if its last write is this one. */
  async #written(id: string, write: string): Promise<{ result: RunRecord } | undefined> {
    const row = await this.#one(this.#db.read, "r.id = $1 AND r.last_write = $2", [id, write]);
    return row && { result: fromRow(row) };
  }

  async #swap(execute: Execute, key: string, before: string | undefined, after: string | undefined): Promise<boolean> {
    const notes = this.#db.table("notes");
    const { rowCount } =
      before === undefined
        ? await execute(`INSERT INTO ${notes} (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`, [key, after as string])
        : after === undefined
          ? await execute(`DELETE FROM ${notes} WHERE key = $1 AND value = $2`, [key, before])
          : await execute(`UPDATE ${notes} SET value = $3 WHERE key = $1 AND value = $2`, [key, before, after]);
    return rowCount === 1;
  }

  async #note(execute: Execute, key: string): Promise<string | undefined> {
    return (await execute(`SELECT value FROM ${this.#db.table("notes")} WHERE key = $1`, [key])).rows[0]?.value as string | undefined;
  }

  async #storeSubmission(execute: Execute, id: string, attempt: number, submission: JsonObject, at: string): Promise<void> {
    await execute(
      `INSERT INTO ${this.#db.table("submissions")} (run_id, attempt, submission, on_server, stored_at) VALUES ($1, $2, $3, $4, $5)`,
      [id, attempt, JSON.stringify(submission), submission.prefect === undefined || submission.prefect === null ? 0 : 1, at],
    );
  }

  /** A run's version numbers its transitions: unique, in order, and without a query. */
  async #addTransition(
    execute: Execute,
    id: string,
    sequence: number,
    attempt: number,
    { type, name, timestamp, message }: State,
  ): Promise<void> {
    await execute(
      `INSERT INTO ${this.#db.table("transitions")} (run_id, sequence, attempt, type, name, timestamp, message)
        VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [id, sequence, attempt, type, name, timestamp, message === undefined ? null : clean(message)],
    );
  }

  async #one(execute: Execute, condition: string, values: readonly PostgresValue[], lock = ""): Promise<RunRow | undefined> {
    return (await execute(`${this.#record} WHERE ${condition}${lock}`, values)).rows[0] as RunRow | undefined;
  }

  async #runs(clause: string, values: readonly PostgresValue[]): Promise<RunRow[]> {
    return (await this.#db.read(`${this.#record} ${clause}`, values)).rows as RunRow[];
  }

  async #rows(sql: string, values: readonly PostgresValue[] = []): Promise<Record<string, unknown>[]> {
    return (await this.#db.read(sql, values)).rows as Record<string, unknown>[];
  }

  #transaction: PostgresDatabase["transaction"] = (work, committed) => {
    if (this.#closed) return Promise.reject(new Error(`the ledger ${this.#db.name} is closed`));
    return this.#db.transaction(work, committed);
  };
}

/** Postgres stores no NUL in text. */
function clean(text: string): string {
  return text.replaceAll("\0", "\u{fffd}");
}

function storable(columns: Record<string, string | number | null>): Record<string, string | number | null> {
  return Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, typeof value === "string" ? clean(value) : value]));
}
