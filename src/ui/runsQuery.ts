import type { RunQuery } from "../ledger/ledger";
import { STATE_TYPES, type StateType } from "../model/run";
import { suggestion } from "../nearest";
import { quoted } from "../shown";
import { UserError } from "../userError";
import type { RunsFilter } from "./wire";

/** The most runs of one page. */
export const MAX_RUNS = 200;

/** What a query string of `GET /api/runs` or `/api/strip` asks for. */
export interface AskedRuns {
  filter: RunsFilter;
  upTo?: string;
  offset: number;
  limit: number;
}

/**
 * Read a query string.
 * @throws {UserError} naming the field that is wrong or unknown
 */
export function readRunsQuery(query: URLSearchParams): AskedRuns {
  const known = ["state", "deployment", "pool", "tag", "since", "until", "text", "allStacks", "upTo", "offset", "limit"];
  for (const name of query.keys()) if (!known.includes(name)) throw wrong(name, `is unknown: ${suggestion(name, known)}`);
  const one = (name: string) => query.get(name) || undefined;
  const filter: Record<string, unknown> = { state: query.getAll("state"), allStacks: one("allStacks") };
  for (const name of ["deployment", "pool", "tag", "since", "until", "text"]) filter[name] = one(name);
  if (filter.allStacks !== undefined) filter.allStacks = flag("allStacks", String(filter.allStacks));
  const upTo = one("upTo");
  return {
    filter: checkFilter(filter),
    ...(upTo === undefined ? {} : { upTo: text("upTo", upTo) as string }),
    offset: count("offset", one("offset") ?? "0", 0, Number.MAX_SAFE_INTEGER),
    limit: count("limit", one("limit") ?? "100", 1, MAX_RUNS),
  };
}

/**
 * Check a filter.
 * @throws {UserError} naming the field that is wrong or unknown
 */
export function checkFilter(given: Readonly<Record<string, unknown>>): RunsFilter {
  const { state = [], allStacks, since, until, deployment, pool, tag, text: part, ...others } = given;
  for (const name of Object.keys(others)) throw wrong(name, "is unknown");
  if (!Array.isArray(state)) throw wrong("state", "must be a list of state types");
  for (const each of state)
    if (!STATE_TYPES.includes(each)) throw wrong("state", `${quoted(String(each))} must be one of ${STATE_TYPES.join(", ")}`);
  if (allStacks !== undefined && typeof allStacks !== "boolean") throw wrong("allStacks", "must be true or false");
  const fields = {
    deployment: text("deployment", deployment),
    pool: text("pool", pool),
    tag: text("tag", tag),
    since: time("since", since),
    until: time("until", until),
    text: text("text", part),
  };
  return {
    ...(state.length > 0 ? { state: [...new Set(state as StateType[])] } : {}),
    ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
    ...(allStacks === undefined ? {} : { allStacks }),
  };
}

/** A filter as the ledger's query. @param stack the stack of the page; absent: every stack */
export function queryOf({ state, deployment, pool, tag, since, until, text, allStacks }: RunsFilter, stack: string | undefined): RunQuery {
  return {
    ...(stack === undefined || allStacks ? {} : { stack }),
    ...(state === undefined ? {} : { states: state }),
    ...(deployment === undefined ? {} : { deployment }),
    ...(pool === undefined ? {} : { workPool: pool }),
    ...(tag === undefined ? {} : { tag }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(text === undefined ? {} : { text }),
  };
}

function wrong(field: string, problem: string): UserError {
  return new UserError(`${field} ${problem}`, 2, { fields: [{ path: `/${field}`, message: problem }] });
}

function text(field: string, value: unknown): string | undefined {
  if (value === undefined || value === "") return undefined;
  if (typeof value !== "string") throw wrong(field, "must be a string");
  if (value.length > 500) throw wrong(field, "must have 500 characters at most");
  return value;
}

/** The ledger compares times as strings, so they have one form. */
function time(field: string, value: unknown): string | undefined {
  const given = text(field, value);
  if (given === undefined) return undefined;
  const at = /^\d{4}-\d\d/.test(given) ? Date.parse(given) : Number.NaN;
  if (Number.isNaN(at)) throw wrong(field, `${quoted(given)} must be a time, such as 2026-01-31T06:00:00Z`);
  return new Date(at).toISOString();
}

function flag(field: string, value: string): boolean {
  if (!["true", "false", "1", "0"].includes(value)) throw wrong(field, "must be true or false");
  return value === "true" || value === "1";
}

function count(field: string, value: string, least: number, most: number): number {
  const number = Number(value);
  if (!/^\d{1,15}$/.test(value) || number < least || number > most)
    throw wrong(field, `must be a whole number${most > MAX_RUNS ? "" : ` from ${least} to ${most}`}`);
  return number;
}
