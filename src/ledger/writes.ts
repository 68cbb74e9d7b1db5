import type { JsonObject } from "../json";
import type { Run, State } from "../model/run";
import type { DeploymentRecord, FirstSlot, NewRun, RunChange, RunRecord, SlotAnswer, SlotLimits } from "./ledger";
import type { Sql } from "./listing";
import { changedColumns, type LedgerRunRow, type Row, toRow } from "./rows";

/** One write: rows to insert, or columns to set where others have these values. */
export type Write = Insert | { update: Table; set: Row; where: Row };
interface Insert {
  insert: Table;
  row: Row;
}

type Table = "runs" | "submissions" | "transitions" | "run_tags" | "deployments";

/** A write as a statement. */
export function writeSql(write: Write): { sql: string; values: Row[string][] } {
  if ("insert" in write) {
    const names = Object.keys(write.row);
    return {
      sql: `INSERT INTO ${write.insert} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
      values: Object.values(write.row),
    };
  }
  const each = (row: Row) => Object.keys(row).map((name) => `${name} = ?`);
  return {
    sql: `UPDATE ${write.update} SET ${each(write.set).join(", ")} WHERE ${each(write.where).join(" AND ")}`,
    values: [...Object.values(write.set), ...Object.values(write.where)],
  };
}

/**
 * The statements that record a new run. The row of the run is first.
 * @param taking how it takes a slot at once; the transition to its next state is then written too. @default it takes none
 */
export function newRunWrites({ run, poolType, requestDigest, submission }: NewRun, taking?: FirstSlot["change"]): [Insert, ...Insert[]] {
  const row = toRow(run, poolType, requestDigest);
  const version = run.version + 1;
  return [
    { insert: "runs", row: taking ? { ...row, ...changedColumns(taking), version } : row },
    submissionWrite(run.id, run.attempt, submission, run.createdAt),
    transitionWrite(run.id, run.version, run.attempt, run.state),
    ...(taking ? [transitionWrite(run.id, version, run.attempt, taking.state)] : []),
    ...[...new Set(run.tags)].map(
      (tag): Insert => ({ insert: "run_tags", row: { stack: run.stack, tag, created_at: run.createdAt, run_id: run.id } }),
    ),
  ];
}

/** The record of a new run, as {@link newRunWrites} writes it. */
export function newRecord({ run, poolType, requestDigest, submission }: NewRun, taking?: FirstSlot["change"]): RunRecord {
  if (!taking) return { run, poolType, requestDigest, submission };
  const { state, owner, host, watcher } = taking;
  const taken = { ...run, state, version: run.version + 1, ...(host === undefined ? {} : { host }) };
  return { run: taken, poolType, requestDigest, owner, ...(typeof watcher === "string" ? { watcher } : {}), submission };
}

/**
 * What a change of a run writes.
 * @param own columns of the engine, to set too
 * @returns `after`: the row as it is then
 */
export function changeWrites(before: LedgerRunRow, change: RunChange, own: Row = {}): { after: LedgerRunRow; writes: Write[] } {
  const { id } = before;
  const version = before.version + 1;
  const attempt = change.nextAttempt ? Math.max(before.attempt + 1, change.nextAttempt.attempt ?? 0) : before.attempt;
  const columns: Row = { version, attempt, ...own, ...changedColumns(change) };
  const after = { ...before, ...columns } as LedgerRunRow;
  const writes: Write[] = [{ update: "runs", set: unlike(before, columns), where: { id } }];
  if (change.state) writes.push(transitionWrite(id, version, attempt, change.state));
  if (change.nextAttempt) {
    const { submission } = change.nextAttempt;
    const ended = { infrastructure_id: before.infrastructure_id, started_at: before.started_at };
    writes.push({ update: "submissions", set: ended, where: { run_id: id, attempt: before.attempt } });
    writes.push(submissionWrite(id, attempt, submission, change.state?.timestamp ?? new Date().toISOString()));
    Object.assign(after, { submission: JSON.stringify(submission), cleaned_at: null });
  }
  if (change.cleanedAt) {
    writes.push({ update: "submissions", set: { cleaned_at: change.cleanedAt }, where: { run_id: id, attempt } });
    after.cleaned_at = change.cleanedAt;
  }
  return { after, writes };
}

/** The columns whose value changes. SQLite writes the indexes of each column that is set, even to the same value. */
function unlike(before: LedgerRunRow, columns: Row): Row {
  const known: Partial<Row> = { ...before };
  return Object.fromEntries(Object.entries(columns).filter(([name, value]) => known[name] !== value));
}

function submissionWrite(id: string, attempt: number, submission: JsonObject, at: string): Insert {
  return { insert: "submissions", row: { run_id: id, attempt, submission: JSON.stringify(submission), stored_at: at } };
}

/** A run's version numbers its transitions: unique, in order, and without a query. */
function transitionWrite(id: string, sequence: number, attempt: number, { type, name, timestamp, message }: State): Insert {
  return { insert: "transitions", row: { run_id: id, sequence, attempt, type, name, timestamp, message: message ?? null } };
}

const HOLDING = "state_type IN ('PENDING', 'RUNNING', 'CANCELLING')";

/** Where a run takes a slot. */
export type SlotPlace = Pick<LedgerRunRow, "stack" | "work_pool" | "work_queue" | "deployment">;

export function slotPlaceOf({ stack, workPool, workQueue, deployment }: Run): SlotPlace {
  return { stack, work_pool: workPool, work_queue: workQueue, deployment };
}

/** The slots that count for a run, as one statement. @returns `undefined` if nothing limits it */
export function takenSql(
  { stack, work_pool, work_queue, deployment }: SlotPlace,
  { pool, queue, deployment: most }: SlotLimits,
): Sql | undefined {
  const counts: string[] = [];
  const values: string[] = [];
  const count = (name: string, condition: string, ...given: string[]) => {
    counts.push(`(SELECT count(*) FROM runs WHERE stack = ? AND ${condition} AND ${HOLDING}) AS of_${name}`);
    values.push(stack, ...given);
  };
  if (pool !== null) count("pool", "work_pool = ?", work_pool);
  if (queue !== null) count("queue", "work_pool = ? AND work_queue = ?", work_pool, work_queue);
  if (most !== null) count("deployment", "deployment = ?", deployment);
  return counts.length > 0 ? { sql: `SELECT ${counts.join(", ")}`, values } : undefined;
}

/** @param taken the answer to {@link takenSql} @returns `undefined` if there is room */
export function fullOf(taken: Record<string, unknown> | undefined, limits: SlotLimits): (SlotAnswer & { kind: "full" }) | undefined {
  for (const of of ["pool", "queue", "deployment"] as const) {
    const limit = limits[of];
    if (limit !== null && Number(taken?.[`of_${of}`]) >= limit) return { kind: "full", of, limit };
  }
  return undefined;
}

/** Compare-and-set of a note: done if it changes one row. */
export function swapSql(key: string, before: string | undefined, after: string | undefined): Sql {
  if (before === undefined)
    return { sql: "INSERT INTO notes (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", values: [key, after as string] };
  if (after === undefined) return { sql: "DELETE FROM notes WHERE key = ? AND value = ?", values: [key, before] };
  return { sql: "UPDATE notes SET value = ? WHERE key = ? AND value = ?", values: [after, key, before] };
}

/** In one order for all writers: so no two wait for each other. */
export function deploymentsSql(
  stack: string,
  { put = [], remove = [] }: { put?: readonly DeploymentRecord[]; remove?: readonly string[] },
): Sql[] {
  const removed = [...remove]
    .sort()
    .map((name) => ({ sql: "DELETE FROM deployments WHERE stack = ? AND name = ?", values: [stack, name] }));
  const written = [...put]
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, definition, kept, file, deployedAt }) => ({
      sql: `INSERT INTO deployments (stack, name, definition, kept, file, deployed_at) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (stack, name) DO UPDATE SET definition = excluded.definition, kept = excluded.kept, file = excluded.file,
        deployed_at = excluded.deployed_at`,
      values: [stack, name, JSON.stringify(definition), JSON.stringify(kept), file, deployedAt],
    }));
  return [...removed, ...written];
}
