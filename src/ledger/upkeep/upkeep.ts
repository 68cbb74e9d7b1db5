import { TERMINAL } from "../../model/run";

/** What a ledger contains. */
export interface LedgerFacts {
  /** The version of its tables; 0: it has none yet. */
  version: number;
  /** The version that this pushpool makes. */
  newest: number;
  /** In bytes, with its indexes. */
  size: number;
  /** Absent if the tables have another version. */
  counts?: LedgerCounts;
}

export interface LedgerCounts {
  runs: number;
  /** Of them, those that have not ended. */
  unfinished: number;
  deployments: number;
  stacks: number;
}

/** What to prune. */
export interface PruneRequest {
  /** Runs that ended before this time; ISO 8601, UTC. */
  before: string;
  /** Whether to remove runs with an idempotency key too. The same key then makes a new run. */
  withKeys: boolean;
  /** Only count. */
  dryRun: boolean;
}

export interface PruneReport {
  /** The runs that went, or would go. */
  runs: number;
  /** Runs of that age that stay, because somebody may repeat their idempotency key. */
  keptForKey: number;
}

/** The care of one ledger. Close it after use. */
export interface Upkeep {
  facts(): Promise<LedgerFacts>;
  /** Make or migrate its tables. @returns the version before */
  migrate(): Promise<number>;
  prune(request: PruneRequest): Promise<PruneReport>;
  close(): void;
}

/** How many runs one transaction removes: others must not wait long for it. */
export const PRUNE_BATCH = 500;

const ENDED = `state_type IN (${TERMINAL.map((type) => `'${type}'`).join(", ")})`;
/** A schedule never asks for a time again that is so long ago. */
const UNKEYED = "(idempotency_key IS NULL OR idempotency_key LIKE 'scheduled %')";

/** Condition of the runs to prune; its one parameter is the time. */
export function prunable({ withKeys }: Pick<PruneRequest, "withKeys">, parameter: string): string {
  return `${ENDED} AND COALESCE(ended_at, state_timestamp) < ${parameter}${withKeys ? "" : ` AND ${UNKEYED}`}`;
}

/** The counts of a ledger. @param table names a table in full */
export function countsSql(table: (name: string) => string): string {
  return `SELECT (SELECT count(*) FROM ${table("runs")}) AS runs, (SELECT count(*) FROM ${table("runs")} WHERE NOT ${ENDED}) AS unfinished,
    (SELECT count(*) FROM ${table("deployments")}) AS deployments, (SELECT count(DISTINCT stack) FROM ${table("runs")}) AS stacks`;
}

export function countsOf(row: Record<string, unknown> | undefined): LedgerCounts {
  const { runs, unfinished, deployments, stacks } = row ?? {};
  return { runs: Number(runs), unfinished: Number(unfinished), deployments: Number(deployments), stacks: Number(stacks) };
}

/** The tables with rows of one run, by its id there. */
export const RUN_TABLES = [
  ["run_tags", "run_id"],
  ["transitions", "run_id"],
  ["submissions", "run_id"],
  ["runs", "id"],
] as const;
