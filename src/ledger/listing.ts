import { STATE_TYPES } from "../model/run";
import type { RunQuery } from "./ledger";

/** A query of the ledger: SQL with `?`, and the values for them. */
export interface Sql {
  sql: string;
  values: (string | number | null)[];
}

/** The position of a run in a list: by the time of its creation, then by its id. */
export interface Position {
  createdAt: string;
  id: string;
}

/** A {@link RunQuery} whose runs are positions. */
export type PositionedQuery = Omit<RunQuery, "upTo" | "after"> & { upTo?: Position; after?: Position };

/**
 * The ids of a page, newest first. Each shape of a query walks one index in its order. So a page costs as much among a hundred runs as
 * among a hundred thousand. Several states are several walks, which SQLite merges.
 * @param apart end each walk by itself, for Postgres, which would rather read and sort all that matches @default false
 */
export function pageSql(query: PositionedQuery, { offset, limit }: { offset: number; limit: number }, apart = false): Sql {
  const walks = walksOf(query);
  if (apart && walks.length > 1) {
    const each = walks.map(
      ({ from, at, id, where }) => `(SELECT ${at} AS at, ${id} AS id FROM ${from}${where} ORDER BY 1 DESC, 2 DESC LIMIT ?)`,
    );
    return {
      sql: `${each.join(" UNION ALL ")} ORDER BY at DESC, id DESC LIMIT ? OFFSET ?`,
      values: [...walks.flatMap(({ values }) => [...values, limit + offset]), limit, offset],
    };
  }
  return {
    sql: `${walks.map(({ from, at, id, where }) => `SELECT ${at} AS at, ${id} AS id FROM ${from}${where}`).join(" UNION ALL ")}
      ORDER BY at DESC, id DESC LIMIT ? OFFSET ?`,
    values: [...walks.flatMap(({ values }) => values), limit, offset],
  };
}

/** How many runs match. */
export function countSql(query: PositionedQuery): Sql {
  const walks = walksOf(query);
  return {
    sql: `SELECT ${walks.map(({ from, where }) => `(SELECT count(*) FROM ${from}${where})`).join(" + ")} AS n`,
    values: walks.flatMap(({ values }) => values),
  };
}

/** Counts of runs by the minute of their creation (`2026-01-02T03:04`) and by state. The query names a time span. */
export function minutesSql(query: PositionedQuery): Sql {
  const isPlain = [query.deployment, query.workPool, query.tag, query.text].every((one) => one === undefined);
  // All states by name, so that a walk over a time span of all states has one index too.
  const walks = walksOf({ ...query, states: query.states ?? (isPlain ? [...STATE_TYPES] : undefined) }, { joined: true });
  const each = walks.map(
    ({ from, at, where }) =>
      `SELECT substr(${at}, 1, 16) AS minute, r.state_type AS state, count(*) AS n FROM ${from}${where} GROUP BY 1, 2`,
  );
  return { sql: each.join(" UNION ALL "), values: walks.flatMap(({ values }) => values) };
}

/** One walk through an index. */
interface Walk extends Omit<Sql, "sql"> {
  from: string;
  /** The columns of the position. */
  at: string;
  id: string;
  where: string;
}

function walksOf(query: PositionedQuery, { joined = false } = {}): Walk[] {
  const { states, tag, text } = query;
  if (states === undefined || states.length === 0 || tag !== undefined || text !== undefined) return [walk(query, joined)];
  return [...new Set(states)].map((one) => walk({ ...query, states: [one] }, joined));
}

function walk({ stack, deployment, workPool, states, tag, since, until, text, upTo, after }: PositionedQuery, joined: boolean): Walk {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const must = (condition: string, ...given: (string | number)[]) => {
    conditions.push(condition);
    values.push(...given);
  };
  const byTag = tag !== undefined;
  const [at, id] = byTag ? ["t.created_at", "t.run_id"] : ["r.created_at", "r.id"];
  if (stack !== undefined) must(`${byTag ? "t" : "r"}.stack = ?`, stack);
  if (byTag) must("t.tag = ?", tag);
  if (since !== undefined) must(`${at} >= ?`, since);
  if (until !== undefined) must(`${at} < ?`, until);
  if (upTo) must(`(${at}, ${id}) <= (?, ?)`, upTo.createdAt, upTo.id);
  if (after) must(`(${at}, ${id}) > (?, ?)`, after.createdAt, after.id);
  const ofTag = conditions.length;
  // A search for text reads the index of the stack, which has the texts. An expression keeps the database from the indexes of the others.
  const column = (name: string) => (text === undefined ? name : `(${name} || '')`);
  if (deployment !== undefined) must(`${column("r.deployment")} = ?`, deployment);
  if (workPool !== undefined) must(`${column("r.work_pool")} = ?`, workPool);
  if (states !== undefined && states.length > 0) must(`${column("r.state_type")} IN (${states.map(() => "?").join(", ")})`, ...states);
  if (text !== undefined && text !== "") {
    const part = text.replaceAll(/[\\%_]/g, "\\$&");
    must("(r.name LIKE ? ESCAPE '\\' OR r.deployment LIKE ? ESCAPE '\\' OR r.id LIKE ? ESCAPE '\\')", `%${part}%`, `%${part}%`, `${part}%`);
  }
  // CROSS JOIN keeps SQLite from walking the runs and looking for the tag of each.
  const runs = joined || conditions.length > ofTag ? " CROSS JOIN runs r ON r.id = t.run_id" : "";
  return {
    from: byTag ? `run_tags t${runs}` : "runs r",
    at: at as string,
    id: id as string,
    where: conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : "",
    values,
  };
}
