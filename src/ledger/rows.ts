import type { JsonObject } from "../json";
import { readJson } from "../jsonText";
import type { Outcome } from "../model/outcome";
import type { PoolType } from "../model/poolType";
import type { Run, State, StateType } from "../model/run";
import type { DeploymentRecord, RunChange, RunRecord, RunSummary } from "./ledger";

/** Columns to write, by name. */
export type Row = Record<string, string | number | null>;

/** A row of `runs`, joined with the submission of its current attempt if requested. */
export interface LedgerRunRow {
  id: string;
  name: string;
  stack: string;
  deployment: string;
  work_pool: string;
  work_queue: string;
  pool_type: string;
  parameters: string;
  job_variables: string;
  tags: string;
  idempotency_key: string | null;
  request_digest: string;
  attempt: number;
  state_type: string;
  state_name: string;
  state_timestamp: string;
  state_message: string | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  infrastructure_id: string | null;
  outcome: string | null;
  owner: string | null;
  /** Only in a ledger that several machines share, like `watcher`. */
  host?: string | null;
  watcher?: string | null;
  version: number;
  submission?: string;
  cleaned_at?: string | null;
}

/** What a list shows of a row of `runs`. */
export type SummaryRow = Omit<
  LedgerRunRow,
  | "pool_type"
  | "parameters"
  | "job_variables"
  | "idempotency_key"
  | "request_digest"
  | "infrastructure_id"
  | "owner"
  | "watcher"
  | "submission"
  | "cleaned_at"
> & { on_server: 0 | 1 };

/** A row of `deployments`. */
export interface LedgerDeploymentRow {
  name: string;
  definition: string;
  kept: string;
  file: string;
  deployed_at: string;
}

export function deploymentOf({ name, definition, kept, file, deployed_at }: LedgerDeploymentRow): DeploymentRecord {
  return {
    name,
    definition: readJson(definition) as unknown as DeploymentRecord["definition"],
    kept: readJson(kept) as JsonObject,
    file,
    deployedAt: deployed_at,
  };
}

export function toRow(run: Run, poolType: PoolType, requestDigest: string): Row {
  return {
    id: run.id,
    name: run.name,
    stack: run.stack,
    deployment: run.deployment,
    work_pool: run.workPool,
    work_queue: run.workQueue,
    pool_type: poolType,
    parameters: JSON.stringify(run.parameters),
    job_variables: JSON.stringify(run.jobVariables),
    tags: JSON.stringify(run.tags),
    idempotency_key: run.idempotencyKey ?? null,
    request_digest: requestDigest,
    attempt: run.attempt,
    state_type: run.state.type,
    state_name: run.state.name,
    state_timestamp: run.state.timestamp,
    state_message: run.state.message ?? null,
    created_at: run.createdAt,
    version: run.version,
  };
}

// Unset fields are absent, not empty. Each field is written out, because an object that is built from entries needs several times the
// memory. There may be tens of thousands of runs.
function runOf(row: LedgerRunRow): Run {
  const run: Run = {
    id: row.id,
    name: row.name,
    stack: row.stack,
    deployment: row.deployment,
    workPool: row.work_pool,
    workQueue: row.work_queue,
    parameters: readJson(row.parameters) as JsonObject,
    jobVariables: readJson(row.job_variables) as JsonObject,
    tags: JSON.parse(row.tags) as string[],
    attempt: row.attempt,
    state: stateOf(row),
    createdAt: row.created_at,
    version: row.version,
  };
  if (row.idempotency_key !== null) run.idempotencyKey = row.idempotency_key;
  if (row.started_at !== null) run.startedAt = row.started_at;
  if (row.ended_at !== null) run.endedAt = row.ended_at;
  if (row.infrastructure_id !== null) run.infrastructureId = row.infrastructure_id;
  if (row.outcome !== null) run.outcome = JSON.parse(row.outcome) as Outcome;
  if (row.host !== null && row.host !== undefined) run.host = row.host;
  return run;
}

export function fromRow(row: LedgerRunRow): RunRecord {
  const text = row.submission ?? "{}";
  let submission: JsonObject | undefined;
  const record: RunRecord = {
    run: runOf(row),
    poolType: row.pool_type as PoolType,
    requestDigest: row.request_digest,
    // The largest part of a record, which most readers of it do not need.
    get submission() {
      submission ??= readJson(text) as JsonObject;
      return submission;
    },
  };
  if (row.owner !== null) record.owner = row.owner;
  if (row.watcher !== null && row.watcher !== undefined) record.watcher = row.watcher;
  if (row.cleaned_at !== null && row.cleaned_at !== undefined) record.cleanedAt = row.cleaned_at;
  return record;
}

export function summaryOf(row: SummaryRow): RunSummary {
  return {
    id: row.id,
    name: row.name,
    stack: row.stack,
    deployment: row.deployment,
    workPool: row.work_pool,
    workQueue: row.work_queue,
    tags: JSON.parse(row.tags) as string[],
    attempt: row.attempt,
    state: stateOf(row),
    createdAt: row.created_at,
    ...(row.started_at === null ? {} : { startedAt: row.started_at }),
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    ...(row.outcome === null ? {} : { outcome: JSON.parse(row.outcome) as Outcome }),
    ...(row.host === null || row.host === undefined ? {} : { host: row.host }),
    version: row.version,
    isOnServer: row.on_server === 1,
  };
}

function stateOf({ state_type, state_name, state_timestamp, state_message }: Omit<SummaryRow, "on_server">): State {
  const state: State = { type: state_type as StateType, name: state_name, timestamp: state_timestamp };
  if (state_message !== null) state.message = state_message;
  return state;
}

/** The columns of a run that a change sets. */
export function changedColumns(change: RunChange): Row {
  const columns: Row = {};
  if (change.state) {
    columns.state_type = change.state.type;
    columns.state_name = change.state.name;
    columns.state_timestamp = change.state.timestamp;
    columns.state_message = change.state.message ?? null;
  }
  if (change.startedAt !== undefined) columns.started_at = change.startedAt;
  if (change.endedAt !== undefined) columns.ended_at = change.endedAt;
  if (change.infrastructureId !== undefined) columns.infrastructure_id = change.infrastructureId;
  if (change.outcome !== undefined) columns.outcome = change.outcome === null ? null : JSON.stringify(change.outcome);
  if (change.owner !== undefined) columns.owner = change.owner;
  if (change.host !== undefined) columns.host = change.host;
  if (change.watcher !== undefined) columns.watcher = change.watcher;
  if (change.idempotencyKey !== undefined) columns.idempotency_key = change.idempotencyKey;
  return columns;
}
