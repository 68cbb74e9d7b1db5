/**
 * The ledger's tables, one migration in each entry: entry N migrates a file from `user_version` N to N+1. A released entry never changes.
 * Every query of a command has an index.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    stack TEXT NOT NULL,
    deployment TEXT NOT NULL,
    work_pool TEXT NOT NULL,
    work_queue TEXT NOT NULL,
    pool_type TEXT NOT NULL,
    parameters TEXT NOT NULL,
    job_variables TEXT NOT NULL,
    tags TEXT NOT NULL,
    idempotency_key TEXT,
    request_digest TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    state_type TEXT NOT NULL,
    state_name TEXT NOT NULL,
    state_timestamp TEXT NOT NULL,
    state_message TEXT,
    created_at TEXT NOT NULL,
    started_at TEXT,
    ended_at TEXT,
    infrastructure_id TEXT,
    outcome TEXT,
    owner TEXT,
    version INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE UNIQUE INDEX runs_by_idempotency_key ON runs (stack, deployment, idempotency_key) WHERE idempotency_key IS NOT NULL;
  CREATE INDEX runs_by_stack ON runs (stack, id);
  CREATE INDEX runs_by_deployment ON runs (stack, deployment, id);
  CREATE INDEX runs_by_pool ON runs (stack, work_pool, id);
  CREATE INDEX runs_by_state ON runs (stack, state_type, id);
  CREATE INDEX runs_by_name ON runs (name);
  CREATE INDEX runs_holding_slots ON runs (stack, work_pool, work_queue) WHERE state_type IN ('PENDING', 'RUNNING', 'CANCELLING');

  CREATE TABLE transitions (
    run_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    message TEXT,
    PRIMARY KEY (run_id, sequence)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE submissions (
    run_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    submission TEXT NOT NULL,
    stored_at TEXT NOT NULL,
    cleaned_at TEXT,
    PRIMARY KEY (run_id, attempt)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE deployments (
    stack TEXT NOT NULL,
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    kept TEXT NOT NULL,
    file TEXT NOT NULL,
    deployed_at TEXT NOT NULL,
    PRIMARY KEY (stack, name)
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX runs_holding_slots_by_deployment ON runs (stack, deployment) WHERE state_type IN ('PENDING', 'RUNNING', 'CANCELLING');

  CREATE TABLE notes (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Lists are ordered by the time of creation: the ids of a Prefect server's runs do not tell it. Every index below walks in that order.
  DROP INDEX runs_by_stack;
  DROP INDEX runs_by_deployment;
  DROP INDEX runs_by_pool;
  DROP INDEX runs_by_state;
  -- With all that a search for text reads, so that it need not read the runs themselves.
  CREATE INDEX runs_by_stack ON runs (stack, created_at, id, name, deployment);
  CREATE INDEX runs_by_deployment ON runs (stack, deployment, created_at, id);
  CREATE INDEX runs_by_pool ON runs (stack, work_pool, created_at, id);
  CREATE INDEX runs_by_state ON runs (stack, state_type, created_at, id);

  CREATE TABLE run_tags (
    stack TEXT NOT NULL,
    tag TEXT NOT NULL,
    created_at TEXT NOT NULL,
    run_id TEXT NOT NULL,
    PRIMARY KEY (stack, tag, created_at, run_id)
  ) STRICT, WITHOUT ROWID;

  INSERT OR IGNORE INTO run_tags (stack, tag, created_at, run_id)
    SELECT r.stack, tag.value, r.created_at, r.id FROM runs r, json_each(r.tags) tag;

  -- Of an attempt that another one follows: the run itself has the current one's.
  ALTER TABLE submissions ADD COLUMN infrastructure_id TEXT;
  ALTER TABLE submissions ADD COLUMN started_at TEXT;
  `,
];
