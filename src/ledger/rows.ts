import type { JsonObject } from "../json";
import type { FlowRun, StateType } from "../runs/flowRun";
import type { PoolType } from "../targets/target";
import type { DeploymentRecord, RunRecord } from "./ledger";

/** Columns to be written, by name. */
export type Row = Record<string, string | number | null>;

/** A row of `runs`, joined with the submission of its present attempt where that was asked for. */
export interface RunRow {
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
  version: number;
  submission?: string;
  cleaned_at?: string | null;
}

/** A row of `deployments`. */
export interface DeploymentRow {
  name: string;
  definition: string;
  kept: string;
  file: string;
  deployed_at: string;
}

export function deploymentOf({ name, definition, kept, file, deployed_at }: DeploymentRow): DeploymentRecord {
  return {
    name,
    definition: JSON.parse(definition) as DeploymentRecord["definition"],
    kept: JSON.parse(kept) as JsonObject,
    file,
    deployedAt: deployed_at,
  };
}

export function toRow(run: FlowRun, poolType: PoolType, requestDigest: string): Row {
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

function runOf(row: RunRow): FlowRun {
  return defined<FlowRun>({
    id: row.id,
    name: row.name,
    stack: row.stack,
    deployment: row.deployment,
    workPool: row.work_pool,
    workQueue: row.work_queue,
    parameters: JSON.parse(row.parameters) as JsonObject,
    jobVariables: JSON.parse(row.job_variables) as JsonObject,
    tags: JSON.parse(row.tags) as string[],
    idempotencyKey: row.idempotency_key ?? undefined,
    attempt: row.attempt,
    state: defined({
      type: row.state_type as StateType,
      name: row.state_name,
      timestamp: row.state_timestamp,
      message: row.state_message ?? undefined,
    }),
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
    infrastructureId: row.infrastructure_id ?? undefined,
    outcome: row.outcome === null ? undefined : (JSON.parse(row.outcome) as FlowRun["outcome"]),
    version: row.version,
  });
}

export function fromRow(row: RunRow): RunRecord {
  return defined<RunRecord>({
    run: runOf(row),
    poolType: row.pool_type as PoolType,
    requestDigest: row.request_digest,
    owner: row.owner ?? undefined,
    submission: JSON.parse(row.submission ?? "{}") as JsonObject,
    cleanedAt: row.cleaned_at ?? undefined,
  });
}

/** Without the keys whose value is `undefined`, so that what was never set is absent, not there and empty. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as T;
}
