import type { Outcome } from "../../model/outcome";
import type { State, StateType } from "../../model/run";

/** One run in a list. */
export interface RunRow {
  /** A UUID. */
  id: string;
  name: string;
  /** `<project>/<stack>` */
  stack: string;
  /** `<flow name>/<deployment name>` */
  deployment: string;
  workPool: string;
  workQueue: string;
  tags: string[];
  /** From 1. */
  attempt: number;
  state: State;
  createdAt: string;
  /** When the current attempt's infrastructure was first seen running. */
  startedAt?: string;
  endedAt?: string;
  outcome?: Outcome;
  /** The machine whose processes run it; only of a `process:push` run in a ledger that several machines share. */
  host?: string;
  /** Increases with every change. Of two rows with one id, the higher version is the newer one. */
  version: number;
  /** Who owns its states. */
  on: "ledger" | "server";
  /** The run on Prefect's own page. */
  prefectUrl?: string;
}

/** Query string of a filter; all given fields must match. */
export interface RunsFilter {
  /** `state=RUNNING&state=PENDING`: any of them. */
  state?: StateType[];
  deployment?: string;
  pool?: string;
  tag?: string;
  /** Created at this time or later: ISO 8601. */
  since?: string;
  /** Created before this time: ISO 8601. */
  until?: string;
  /** Part of the run's name, the deployment, or the start of its id; case does not matter. */
  text?: string;
  /** Also the runs of other stacks in this ledger. @default false */
  allStacks?: boolean;
}

/** Query string of a page of runs. */
export interface RunsQuery extends RunsFilter {
  /** Only runs up to this one, the newest of an earlier page. Offsets then stay the same while new runs arrive. */
  upTo?: string;
  /** @default 0 */
  offset?: number;
  /** At most 200. @default 100 */
  limit?: number;
}

export interface RunsPage {
  /** Newest first. */
  runs: RunRow[];
  /** How many runs match, up to `upTo`. */
  total: number;
  /** Anchor for the next pages: the given one, else the newest run that matches; null if there is none. */
  upTo: string | null;
}

/** Counts of runs by state over the last day, by the time of their creation. */
export interface Strip {
  from: string;
  to: string;
  bucketSeconds: number;
  /** Every bucket, oldest first. */
  buckets: StripBucket[];
}

export interface StripBucket {
  /** Its start. */
  at: string;
  counts: Partial<Record<StateType, number>>;
}

/** What the page shows now: what the events of its session are about. */
export interface LiveView {
  /** The runs that are shown, at most 200. */
  ids: string[];
  filters: RunsFilter;
  /** The newest run that the page knows: `new` has the ones after it. null: every run is new. */
  newest: string | null;
}

/** Server-sent events of `GET /api/live`, by their name. After a reconnect, the page sends its view again and fetches what it shows. */
export interface LiveEvents {
  /** First event: the address for `PUT /api/live/SESSION`. */
  hello: { session: string };
  /** Shown runs that changed. */
  runs: { runs: RunRow[] };
  /** Runs that match the filters and are newer than `newest`, newest first, at most 100; `total` counts all that match. */
  new: { runs: RunRow[]; total: number };
  /** The strip changed: fetch it again. */
  strip: Record<string, never>;
  /** The server of the runs is unreachable, or answers again (`null`). */
  server: { unreachable: string | null };
}
