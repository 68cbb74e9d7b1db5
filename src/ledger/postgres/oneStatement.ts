import { isTerminal } from "../../model/run";
import type { FirstSlot, NewRun, RunChange, SlotLimits } from "../ledger";
import type { Sql } from "../listing";
import { changedColumns, type LedgerRunRow, type Row } from "../rows";
import { newRunWrites, type takenSql, type Write } from "../writes";

// Each way to the server costs more than what it does there. So what a submission writes goes there as one statement, in which every part
// depends on the first one.

/** How a statement ends. */
export interface Ending {
  /** Names the write, for whoever gets no answer. */
  write: string;
  /** The channel for news. */
  channel: string;
  /** The commit need not wait for the disk. */
  soon?: boolean;
}

/**
 * Insert a new run and its rows in the other tables. The statement returns no row if a run has its id or its key, or if the slots are full.
 * @param slot the slot that the run takes at once. If it has limits, the caller must hold the lock, as for {@link slotSql}
 * @param counts see {@link takenSql}
 */
export function createSql(given: NewRun, { write, channel }: Ending, slot?: FirstSlot, counts?: Sql): Sql {
  const [first, ...rest] = newRunWrites(given, slot?.change);
  const values: Values = [...(counts?.values ?? [])];
  const run = { ...first.row, last_write: write };
  const room = slot && counts ? `FROM taken WHERE ${roomFor(slot.limits).join(" AND ")}` : "";
  const parts = [
    ...(counts ? [`taken AS (${counts.sql})`] : []),
    `made AS (INSERT INTO runs (${names(run)}) SELECT ${marks(run, values)} ${room} ON CONFLICT DO NOTHING RETURNING id)`,
    ...rest.map((each, n) => {
      const row = ownRow(each);
      return `w${n} AS (INSERT INTO ${each.insert} (${names(row)}) SELECT ${marks(row, values)} FROM made)`;
    }),
  ];
  values.push(channel, given.run.stack);
  // Without a slot, the next change of any run brings it to the disk too.
  return { sql: `WITH ${parts.join(", ")} SELECT ${slot ? "" : `${SOON}, `}pg_notify(?, ?) FROM made`, values };
}

/** A change that concerns the current attempt alone. */
export type OneAttemptChange = Omit<RunChange, "nextAttempt">;

/** A change of a run, and its row afterwards. No row: it has another version. */
export function changeSql(id: string, version: number, change: OneAttemptChange, ending: Ending): Sql {
  const values: Values = [];
  const parts = changeParts(id, version, change, ending.write, values);
  return { sql: `WITH ${parts.join(", ")} SELECT ${resultOf(change, ending, values)} FROM ${CHANGED}`, values };
}

/**
 * The same if there is room for it: one row in any case, with the counts, and whether the run had this version. Whoever runs it has the
 * lock of that place, from an earlier statement of the same transaction: so it sees who was there before.
 * @param counts see {@link takenSql}
 */
export function slotSql(before: LedgerRunRow, limits: SlotLimits, counts: Sql, change: OneAttemptChange, ending: Ending): Sql {
  const { id, version } = before;
  const values: Values = [...counts.values];
  const parts = [`taken AS (${counts.sql})`, ...changeParts(id, version, change, ending.write, values, roomFor(limits))];
  const result = resultOf(change, ending, values);
  values.push(id, version);
  return {
    sql: `WITH ${parts.join(", ")} SELECT taken.*, ${result}, (SELECT count(*) FROM runs WHERE id = ? AND version = ?) AS there
      FROM taken LEFT JOIN (${CHANGED}) ON true`,
    values,
  };
}

type Values = Sql["values"];

/** The conditions under which there is room, by the counts in `taken`. */
function roomFor(limits: SlotLimits): string[] {
  return (["pool", "queue", "deployment"] as const).flatMap((of) => {
    const limit = limits[of];
    return limit === null ? [] : `(SELECT of_${of} FROM taken) < ${Number(limit)}`;
  });
}

const SOON = "set_config('synchronous_commit', 'off', true)";
/** The changed run with its submission, which the change leaves as it is. */
const CHANGED = "changed r LEFT JOIN submissions s ON s.run_id = r.id AND s.attempt = r.attempt";

function changeParts(id: string, version: number, change: OneAttemptChange, write: string, values: Values, conditions: string[] = []) {
  const set: Row = { version: version + 1, last_write: write, ...changedColumns(change) };
  const assignments = Object.entries(set).map(([name, value]) => {
    values.push(value);
    return `${name} = ?`;
  });
  values.push(id, version);
  const where = ["id = ?", "version = ?", ...conditions].join(" AND ");
  const parts = [`changed AS (UPDATE runs SET ${assignments.join(", ")} WHERE ${where} RETURNING *)`];
  if (change.state) {
    const { type, name, timestamp, message } = change.state;
    values.push(type, name, timestamp, message ?? null);
    parts.push(
      `told AS (INSERT INTO transitions (run_id, sequence, attempt, type, name, timestamp, message)
        SELECT id, version, attempt, ?::text, ?::text, ?::text, ?::text FROM changed)`,
    );
  }
  if (change.cleanedAt) {
    values.push(change.cleanedAt);
    parts.push(
      "cleaned AS (UPDATE submissions AS own SET cleaned_at = ? FROM changed WHERE own.run_id = changed.id AND own.attempt = changed.attempt)",
    );
  }
  return parts;
}

function resultOf({ state, cleanedAt }: OneAttemptChange, { channel, soon }: Ending, values: Values): string {
  const columns = ["r.*", "s.submission"];
  // A statement does not see what it writes.
  columns.push(cleanedAt ? "?::text AS cleaned_at" : "s.cleaned_at");
  if (cleanedAt) values.push(cleanedAt);
  if (soon) columns.push(SOON);
  if (state && (isTerminal(state) || state.type === "SCHEDULED" || state.type === "CANCELLING")) {
    columns.push("pg_notify(?, r.stack)");
    values.push(channel);
  }
  return columns.join(", ");
}

/** The columns of a row to insert. `submissions` here has one that SQLite computes. */
export function ownRow(write: Extract<Write, { insert: unknown }>): Row {
  if (write.insert !== "submissions") return write.row;
  const { prefect } = JSON.parse(String(write.row.submission)) as { prefect?: unknown };
  return { ...write.row, on_server: prefect === undefined || prefect === null ? 0 : 1 };
}

const names = (row: Row) => Object.keys(row).join(", ");

/** Beside FROM, a value has no type of its own. */
function marks(row: Row, values: Values): string {
  return Object.values(row)
    .map((value) => {
      values.push(value);
      return `?::${typeof value === "number" ? "int" : "text"}`;
    })
    .join(", ");
}
