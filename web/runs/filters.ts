import type { RunsFilter, StateType } from "../../src/ui/wire";

/** In the order in which a run has them. */
export const STATE_TYPES: readonly StateType[] = [
  "SCHEDULED",
  "PENDING",
  "RUNNING",
  "PAUSED",
  "CANCELLING",
  "COMPLETED",
  "FAILED",
  "CRASHED",
  "CANCELLED",
];

/** What the list of runs shows. `since` is ISO 8601, or a span up to now such as `24h`. */
export type Filters = RunsFilter;

const TEXTS = ["deployment", "pool", "tag", "since", "until", "text"] as const;
const SPAN = /^(\d+)(m|h|d)$/;
const UNIT = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Read the filters from a query string. It leaves out values without a meaning. */
export function filtersOf(search: string): Filters {
  const query = new URLSearchParams(search);
  const filters: Filters = {};
  const states = STATE_TYPES.filter((type) => query.getAll("state").includes(type));
  if (states.length > 0) filters.state = states;
  for (const name of TEXTS) {
    const value = query.get(name);
    if (value && (!isTime(name) || SPAN.test(value) || !Number.isNaN(Date.parse(value)))) filters[name] = value;
  }
  if (query.get("allStacks") === "true") filters.allStacks = true;
  return filters;
}

/** The query string of filters: `?state=RUNNING&tag=nightly`, or empty. The same filters give the same one. */
export function searchOf(filters: Filters): string {
  const query = queryOf(filters).toString();
  return query === "" ? "" : `?${query}`;
}

/** The query of filters for the server, which knows only times. */
export function serverFilters(filters: Filters, now: number): RunsFilter {
  const span = SPAN.exec(filters.since ?? "");
  if (!span) return filters;
  const length = Number(span[1]) * UNIT[span[2] as keyof typeof UNIT];
  return { ...filters, since: new Date(now - length).toISOString() };
}

export function queryOf(filters: RunsFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const state of STATE_TYPES) if (filters.state?.includes(state)) query.append("state", state);
  for (const name of TEXTS) if (filters[name]) query.set(name, filters[name]);
  if (filters.allStacks) query.set("allStacks", "true");
  return query;
}

/** Whether anything is filtered out. */
export function isFiltered({ allStacks: _, ...filters }: Filters): boolean {
  return queryOf(filters).size > 0;
}

/** With a state added, or removed if it was there. */
export function toggledState(filters: Filters, state: StateType): Filters {
  const states = new Set(filters.state);
  if (!states.delete(state)) states.add(state);
  const { state: _, ...rest } = filters;
  return states.size === 0 ? rest : { ...rest, state: STATE_TYPES.filter((type) => states.has(type)) };
}

function isTime(name: string): boolean {
  return name === "since" || name === "until";
}
