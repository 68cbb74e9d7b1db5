import type { RunRow, RunsPage } from "../../src/ui/wire";

/** How many runs one request asks for. */
export const PAGE_SIZE = 100;

/**
 * The runs of a list, newest first, of which only some are loaded. `upTo` anchors it: runs that arrive later do not move the others. They
 * wait in `fresh` until the reader wants them.
 */
export interface AnchoredRuns {
  /** By place; a hole is not loaded. Its length is how many match. */
  rows: readonly (RunRow | undefined)[];
  upTo: string | null;
  /** Newer than the anchor, newest first. */
  fresh: readonly RunRow[];
  /** How many are newer; more than in `fresh` if the server did not send all. */
  freshCount: number;
}

/** From a first page: the anchor is its own. */
export function anchored(page: RunsPage): AnchoredRuns {
  return { rows: withLength(page.runs, page.total), upTo: page.upTo, fresh: [], freshCount: 0 };
}

/**
 * Add a page. If some runs no longer match the filters, the others have moved, and a run might come twice. Then only the new page stays,
 * and the rest loads again when it is in sight.
 */
export function withPage(list: AnchoredRuns, page: RunsPage, offset: number): AnchoredRuns {
  const ids = new Set(page.runs.map(({ id }) => id));
  const moved =
    page.total !== list.rows.length ||
    list.rows.some((row, at) => row !== undefined && ids.has(row.id) && page.runs[at - offset]?.id !== row.id);
  const rows = moved ? [] : list.rows.slice();
  rows.length = page.total;
  page.runs.forEach((run, at) => {
    rows[offset + at] = newer(list.rows[offset + at], run);
  });
  return { ...list, rows };
}

/** With the new versions of runs that are shown. A late message with an old version changes nothing. */
export function withChanged(list: AnchoredRuns, changed: readonly RunRow[]): AnchoredRuns {
  const byId = new Map(changed.map((run) => [run.id, run]));
  const update = (row: RunRow | undefined) => (row && byId.has(row.id) ? newer(row, byId.get(row.id) as RunRow) : row);
  // `map` would skip holes, which is right, and keep them.
  return { ...list, rows: list.rows.map(update), fresh: list.fresh.map((row) => update(row) as RunRow) };
}

/** With the runs that arrived after those known. */
export function withFresh(list: AnchoredRuns, runs: readonly RunRow[], arrived: number): AnchoredRuns {
  const known = new Set([...list.fresh, ...list.rows.slice(0, PAGE_SIZE)].map((row) => row?.id));
  const unknown = runs.filter(({ id }) => !known.has(id));
  const missing = Math.max(0, arrived - runs.length);
  return { ...list, fresh: [...unknown, ...list.fresh], freshCount: list.freshCount + unknown.length + missing };
}

/** With the fresh runs at the top, and the newest as the anchor. null if the server did not send all of them: load the list again. */
export function withFreshOnTop(list: AnchoredRuns): AnchoredRuns | null {
  if (list.freshCount > list.fresh.length) return null;
  if (list.fresh.length === 0) return list;
  return {
    rows: withLength([...list.fresh, ...list.rows], list.rows.length + list.fresh.length),
    upTo: list.fresh[0]?.id ?? null,
    fresh: [],
    freshCount: 0,
  };
}

/** The offset of the first page in a range that is not loaded, or null. */
export function missingOffset(list: AnchoredRuns, first: number, last: number): number | null {
  for (let at = first; at < Math.min(last, list.rows.length); at++) if (list.rows[at] === undefined) return at;
  return null;
}

/** The newest run that the page knows. */
export function newestKnown(list: AnchoredRuns): string | null {
  return list.fresh[0]?.id ?? list.upTo;
}

/** The newer one of two rows of a run. */
export function newer(old: RunRow | undefined, run: RunRow): RunRow {
  return old?.id === run.id && old.version > run.version ? old : run;
}

function withLength<T>(items: readonly T[], length: number): (T | undefined)[] {
  const copy: (T | undefined)[] = items.slice();
  copy.length = length;
  return copy;
}
