import type { JsonObject } from "../json";
import { readJson } from "../jsonText";
import type { State, StateType } from "../model/run";
import type { Ledger, RunQuery } from "./ledger";
import { countSql, minutesSql, type PositionedQuery, pageSql, type Sql } from "./listing";
import { deploymentOf, fromRow, type LedgerDeploymentRow, type LedgerRunRow, type SummaryRow, summaryOf } from "./rows";

/** The methods of a ledger that only read. */
export type LedgerReads = Pick<
  Ledger,
  | "read"
  | "isAt"
  | "moved"
  | "match"
  | "list"
  | "page"
  | "count"
  | "summaries"
  | "countByMinute"
  | "attempts"
  | "slotsTaken"
  | "recentNames"
  | "used"
  | "transitions"
  | "deployments"
  | "slotHolders"
  | "readNote"
  | "readNotes"
  | "noteKeys"
>;

const CURRENT = "runs r JOIN submissions s ON s.run_id = r.id AND s.attempt = r.attempt";
/** A whole run: what {@link fromRow} reads. */
const RECORD = `SELECT r.*, s.submission, s.cleaned_at FROM ${CURRENT}`;
const HOLDING = "r.state_type IN ('PENDING', 'RUNNING', 'CANCELLING')";
/** A JSON list has any number of values. For a few, it costs SQLite more than the rest of the statement. */
const FEW = 4;

/** `IN` these values, so that one statement serves lists of any length. */
function oneOf(given: readonly string[]): { sql: string; values: string[] } {
  if (given.length === 0 || given.length > FEW) return { sql: "IN (SELECT value FROM json_each(?))", values: [JSON.stringify(given)] };
  return { sql: `IN (${given.map(() => "?").join(", ")})`, values: [...given] };
}

/** One run, by a condition on `r`. */
export const recordSql = (condition: string, ...values: (string | number)[]): Sql => ({ sql: `${RECORD} WHERE ${condition}`, values });

/** The run of an idempotency key, or with an id. */
export function earlierSql(run: { id: string; stack: string; deployment: string; idempotencyKey?: string }): Sql {
  const { id, stack, deployment, idempotencyKey } = run;
  if (idempotencyKey === undefined) return recordSql("r.id = ?", id);
  return recordSql("r.stack = ? AND r.deployment = ? AND r.idempotency_key = ?", stack, deployment, idempotencyKey);
}

/**
 * The methods that only read, for any engine.
 * @param query runs a statement in SQLite's words (see `postgres/dialect.ts`)
 * @param own the engine's expressions for columns of a `SummaryRow`; `apart`: see {@link pageSql}
 */
export function ledgerReads(
  query: (sql: Sql) => Promise<Record<string, unknown>[]>,
  own: { on_server: string; host: string; apart?: boolean },
): LedgerReads {
  // What a `SummaryRow` has.
  const summary = `r.id, r.name, r.stack, r.deployment, r.work_pool, r.work_queue, r.tags, r.attempt, r.state_type, r.state_name,
    r.state_timestamp, r.state_message, r.created_at, r.started_at, r.ended_at, r.outcome, r.version, ${own.on_server} AS on_server,
    ${own.host} AS host`;
  const rows = (sql: string, ...values: (string | number)[]) => query({ sql, values });
  const records = async (clause: string, ...values: (string | number)[]) =>
    (await rows(`${RECORD} ${clause}`, ...values)).map((row) => fromRow(row as unknown as LedgerRunRow));
  const summaries = async (sql: Sql) => (await query(sql)).map((row) => summaryOf(row as unknown as SummaryRow));

  /** @returns `undefined` if it names a run that is not in the ledger: then nothing matches */
  async function positioned({ upTo, after, ...rest }: RunQuery): Promise<PositionedQuery | undefined> {
    const ids = [upTo, after].filter((id) => id !== undefined);
    if (ids.length === 0) return rest;
    const { sql, values } = oneOf(ids);
    const found = await rows(`SELECT r.id, r.created_at FROM runs r WHERE r.id ${sql}`, ...values);
    const places = new Map(found.map(({ id, created_at }) => [String(id), { createdAt: String(created_at), id: String(id) }]));
    const ends = { upTo: places.get(upTo ?? ""), after: places.get(after ?? "") };
    if ((upTo !== undefined && !ends.upTo) || (after !== undefined && !ends.after)) return undefined;
    return { ...rest, ...(ends.upTo ? { upTo: ends.upTo } : {}), ...(ends.after ? { after: ends.after } : {}) };
  }

  return {
    read: async (id) => (await records("WHERE r.id = ?", id))[0],
    isAt: async (id, version) => (await rows("SELECT 1 AS there FROM runs r WHERE r.id = ? AND r.version = ?", id, version)).length > 0,
    moved: async (runs) => {
      const sql = `SELECT given.value ->> 0 AS id FROM json_each(?) given LEFT JOIN runs r ON r.id = given.value ->> 0
        WHERE r.version IS DISTINCT FROM CAST(given.value ->> 1 AS INTEGER)`;
      return (await rows(sql, JSON.stringify(runs))).map(({ id }) => String(id));
    },
    match: async (ref, limit) => {
      // Two queries, each with its index: one with OR would scan the table.
      const byId = await records("WHERE r.id >= ? AND r.id < ? ORDER BY r.id DESC LIMIT ?", ref, `${ref}\u{10ffff}`, limit);
      const byName = await records("WHERE r.name = ? ORDER BY r.id DESC LIMIT ?", ref, limit);
      return [...new Map([...byName, ...byId].map((record) => [record.run.id, record])).values()].slice(0, limit);
    },
    list: async ({ stack, deployment, workPool, states, limit = 50 }) => {
      const conditions: string[] = [];
      const values: string[] = [];
      const where = (condition: string, ...given: string[]) => {
        conditions.push(condition);
        values.push(...given);
      };
      if (stack !== undefined) where("r.stack = ?", stack);
      if (deployment !== undefined) where("r.deployment = ?", deployment);
      if (workPool !== undefined) where("r.work_pool = ?", workPool);
      if (states !== undefined) where(`r.state_type IN (${states.map(() => "?").join(", ")})`, ...states);
      const clause = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
      return records(`${clause} ORDER BY r.created_at DESC, r.id DESC LIMIT ?`, ...values, limit);
    },
    page: async (asked, place) => {
      const among = await positioned(asked);
      if (!among) return [];
      const { sql, values } = pageSql(among, place, own.apart);
      const current = "CROSS JOIN runs r ON r.id = found.id JOIN submissions s ON s.run_id = r.id AND s.attempt = r.attempt";
      return summaries({ sql: `SELECT ${summary} FROM (${sql}) found ${current} ORDER BY found.at DESC, found.id DESC`, values });
    },
    count: async (asked) => {
      const among = await positioned(asked);
      return among ? Number((await query(countSql(among)))[0]?.n) : 0;
    },
    summaries: (ids) => {
      const { sql, values } = oneOf(ids);
      return summaries({ sql: `SELECT ${summary} FROM ${CURRENT} WHERE r.id ${sql}`, values });
    },
    countByMinute: async (asked) => {
      const among = await positioned(asked);
      if (!among) return [];
      return (await query(minutesSql(among))).map(({ minute, state, n }) => ({
        minute: String(minute),
        state: state as StateType,
        count: Number(n),
      }));
    },
    attempts: async (id) => {
      // The run has the facts of its current attempt.
      const ofAttempt = (column: string) => `CASE WHEN s.attempt = r.attempt THEN r.${column} ELSE s.${column} END`;
      const sql = `SELECT s.attempt, s.submission, s.stored_at, ${ofAttempt("infrastructure_id")} AS place,
        ${ofAttempt("started_at")} AS started FROM submissions s JOIN runs r ON r.id = s.run_id WHERE s.run_id = ? ORDER BY s.attempt`;
      return (await rows(sql, id)).map(({ attempt, submission, stored_at, place, started }) => ({
        attempt: Number(attempt),
        submission: readJson(String(submission)) as JsonObject,
        storedAt: String(stored_at),
        ...(place === null ? {} : { infrastructureId: String(place) }),
        ...(started === null ? {} : { startedAt: String(started) }),
      }));
    },
    slotsTaken: async (stack) => {
      const sql = `SELECT r.work_pool, r.work_queue, count(*) AS n FROM runs r WHERE r.stack = ? AND ${HOLDING}
        GROUP BY r.work_pool, r.work_queue`;
      return (await rows(sql, stack)).map(({ work_pool, work_queue, n }) => ({
        workPool: String(work_pool),
        workQueue: String(work_queue),
        count: Number(n),
      }));
    },
    recentNames: async (limit) =>
      (await rows("SELECT r.name FROM runs r ORDER BY r.id DESC LIMIT ?", limit)).map(({ name }) => String(name)),
    used: async () =>
      (await rows("SELECT DISTINCT r.stack, r.work_pool, r.deployment FROM runs r")).map(({ stack, work_pool, deployment }) => ({
        stack: String(stack),
        workPool: String(work_pool),
        deployment: String(deployment),
      })),
    transitions: async (id) => {
      const sql = "SELECT attempt, type, name, timestamp, message FROM transitions WHERE run_id = ? ORDER BY sequence";
      return (await rows(sql, id)).map((row) => {
        const { message, ...state } = row as unknown as State & { attempt: number; message: string | null };
        return { ...state, ...(message === null ? {} : { message }) };
      });
    },
    deployments: async (stack, names) => {
      const { sql, values } = names ? oneOf(names) : { sql: undefined, values: [] };
      const named = sql === undefined ? "" : `AND name ${sql}`;
      const found = await rows(`SELECT * FROM deployments WHERE stack = ? ${named} ORDER BY name`, stack, ...values);
      return found.map((row) => deploymentOf(row as unknown as LedgerDeploymentRow));
    },
    // Each half with its index.
    slotHolders: (stack, workPool, deployment) =>
      records(
        `WHERE (r.stack = ? AND r.work_pool = ? AND ${HOLDING}) OR (r.stack = ? AND r.deployment = ? AND ${HOLDING})`,
        ...[stack, workPool, stack, deployment],
      ),
    readNote: async (key) => (await query(noteSql(key)))[0]?.value as string | undefined,
    readNotes: async (keys) => {
      const { sql, values } = oneOf(keys);
      const found = await rows(`SELECT n.key, n.value FROM notes n WHERE n.key ${sql}`, ...values);
      return new Map(found.map(({ key, value }) => [String(key), String(value)]));
    },
    noteKeys: async (prefix, limit) => {
      const sql = "SELECT key FROM notes WHERE key >= ? AND key < ? ORDER BY key LIMIT ?";
      return (await rows(sql, prefix, `${prefix}\u{10ffff}`, limit)).map(({ key }) => String(key));
    },
  };
}

export const noteSql = (key: string): Sql => ({ sql: "SELECT value FROM notes WHERE key = ?", values: [key] });
