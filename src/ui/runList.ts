import type { RunRow, RunsFilter, StripBucket } from "./wire";

/** What a list of runs comes from: the ledger, or a Prefect server. */
export interface RunList {
  /** Why the server does not answer; the runs are as the ledger last saw them. null: it answers, or there is none. */
  readonly unreachable: string | null;
  /** How often to ask for what is new at most, in milliseconds. */
  readonly pace: number;
  /**
   * A page, newest first.
   * @param place.upTo the newest run of an earlier page: newer ones do not count
   * @throws {UserError} if `upTo` is unknown
   */
  page(
    filter: RunsFilter,
    place: { offset: number; limit: number; upTo?: string },
  ): Promise<{ runs: RunRow[]; total: number; upTo: string | null }>;
  /** What is newer than a run (null: everything), newest first, at most `limit`; and how many runs match. */
  newer(filter: RunsFilter, newest: string | null, limit: number): Promise<{ runs: RunRow[]; total: number }>;
  /** The given runs that differ from their known versions, by id. */
  changed(known: ReadonlyMap<string, RunRow | undefined>): Promise<Map<string, RunRow>>;
  /** Whether the list can have this run: an anchor must exist. */
  has(id: string): Promise<boolean>;
  /** Counts by state, in buckets of so many seconds. */
  strip(filter: RunsFilter, span: { from: Date; to: Date; bucketSeconds: number }): Promise<StripBucket[]>;
}
