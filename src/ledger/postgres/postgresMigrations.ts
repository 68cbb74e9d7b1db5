/**
 * The tables of a ledger in Postgres, one migration in each entry, inside the ledger's own schema. A released entry never changes. The
 * columns are those of SQLite (`src/ledger/migrations.ts`), and its reasons for the indexes apply here too.
 *
 * JSON is stored as text, because `jsonb` would change numbers. The collation "C" orders and compares as SQLite does.
 */
export const POSTGRES_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    stack TEXT COLLATE "C" NOT NULL,
    deployment TEXT COLLATE "C" NOT NULL,
    work_pool TEXT COLLATE "C" NOT NULL,
    work_queue TEXT COLLATE "C" NOT NULL,
    pool_type TEXT NOT NULL,
    parameters TEXT NOT NULL,
    job_variables TEXT NOT NULL,
    tags TEXT NOT NULL,
    idempotency_key TEXT COLLATE "C",
    request_digest TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    state_type TEXT COLLATE "C" NOT NULL,
    state_name TEXT NOT NULL,
    state_timestamp TEXT NOT NULL,
    state_message TEXT,
    created_at TEXT COLLATE "C" NOT NULL,
    started_at TEXT,
    ended_at TEXT,
    infrastructure_id TEXT,
    outcome TEXT,
    owner TEXT,
    version INTEGER NOT NULL,
    -- Names the last write: after a COMMIT without an answer, its writer recognizes it.
    last_write TEXT NOT NULL
  );

  CREATE UNIQUE INDEX runs_by_idempotency_key ON runs (stack, deployment, idempotency_key) WHERE idempotency_key IS NOT NULL;
  CREATE INDEX runs_by_creation ON runs (created_at, id);
  CREATE INDEX runs_by_stack ON runs (stack, created_at, id);
  CREATE INDEX runs_by_deployment ON runs (stack, deployment, created_at, id);
  CREATE INDEX runs_by_pool ON runs (stack, work_pool, created_at, id);
  CREATE INDEX runs_by_state ON runs (stack, state_type, created_at, id);
  CREATE INDEX runs_by_name ON runs (name);
  CREATE INDEX runs_holding_slots ON runs (stack, work_pool, work_queue) WHERE state_type IN ('PENDING', 'RUNNING', 'CANCELLING');
  CREATE INDEX runs_holding_slots_by_deployment ON runs (stack, deployment) WHERE state_type IN ('PENDING', 'RUNNING', 'CANCELLING');

  CREATE TABLE transitions (
    run_id TEXT COLLATE "C" NOT NULL,
    sequence INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    message TEXT,
    PRIMARY KEY (run_id, sequence)
  );

  CREATE TABLE submissions (
    run_id TEXT COLLATE "C" NOT NULL,
    attempt INTEGER NOT NULL,
    submission TEXT NOT NULL,
    -- Whether a Prefect server owns the run's states, which the submission says.
    on_server INTEGER NOT NULL,
    stored_at TEXT NOT NULL,
    cleaned_at TEXT,
    infrastructure_id TEXT,
    started_at TEXT,
    PRIMARY KEY (run_id, attempt)
  );

  CREATE TABLE run_tags (
    stack TEXT COLLATE "C" NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (stack, tag, created_at, run_id)
  );

  CREATE TABLE deployments (
    stack TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    definition TEXT NOT NULL,
    kept TEXT NOT NULL,
    file TEXT NOT NULL,
    deployed_at TEXT NOT NULL,
    PRIMARY KEY (stack, name)
  );

  CREATE TABLE notes (
    key TEXT COLLATE "C" PRIMARY KEY,
    value TEXT NOT NULL
  );

  -- One row: the key of the digests of secrets. A table of its own, so that a role that only reads runs need not see it.
  CREATE TABLE digest_key (
    is_only BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (is_only),
    key TEXT NOT NULL
  );
  `,
  `
  -- Whose processes run it, and which process watches it there.
  ALTER TABLE runs ADD COLUMN host TEXT COLLATE "C";
  ALTER TABLE runs ADD COLUMN watcher TEXT COLLATE "C";

  -- Processes that work, each until its time is over. Others take up what a process owned whose row is gone.
  CREATE TABLE leases (
    name TEXT COLLATE "C" PRIMARY KEY,
    host TEXT COLLATE "C" NOT NULL,
    seconds INTEGER NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
  );
  `,
];
