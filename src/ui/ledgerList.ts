import type { Ledger, RunQuery, RunSummary } from "../ledger/ledger";
import { quoted } from "../shown";
import { UserError } from "../userError";
import type { RunList } from "./runList";
import { rowOf } from "./runRow";
import { queryOf } from "./runsQuery";
import type { RunRow, RunsFilter, StripBucket } from "./wire";

/** How long a total may be counted on from, in milliseconds. Then all runs are counted again. */
const TOTAL_AGE = 30_000;
/** How long a total of some states holds, which any run may enter and leave, and a strip, in milliseconds: several pages share it. */
const MOMENT = 2_000;
/** How many totals to remember: one for each list that someone scrolls. */
const TOTALS = 50;

interface Total {
  upTo: string;
  total: number;
  /** When all of it was counted, in milliseconds since the epoch. */
  at: number;
}

export interface LedgerListParts {
  ledger: Ledger;
  stack: string | undefined;
  /** A run's page on Prefect's own pages. */
  prefectUrl?: (id: string) => string | undefined;
}

/** The runs of the ledger. */
export class LedgerList implements RunList {
  readonly unreachable = null;
  readonly pace = 0;
  readonly #totals = new Map<string, Total>();
  #strip: { key: string; at: number; buckets: StripBucket[] } | undefined;

  constructor(private readonly parts: LedgerListParts) {}

  async page(filter: RunsFilter, { offset, limit, upTo }: { offset: number; limit: number; upTo?: string }) {
    const { ledger } = this.parts;
    const query = this.#query(filter);
    if (upTo !== undefined && !(await this.has(upTo))) {
      throw new UserError(`upTo: there is no run ${quoted(upTo)}`, 2, {
        fields: [{ path: "/upTo", message: "is not a run of this ledger" }],
      });
    }
    const anchored = upTo === undefined ? query : { ...query, upTo };
    const runs = await ledger.page(anchored, { offset, limit });
    const anchor = upTo ?? (offset === 0 ? runs[0]?.id : (await ledger.page(query, { offset: 0, limit: 1 }))[0]?.id) ?? null;
    // Fewer than asked for: the list ends here.
    const total = runs.length > 0 && runs.length < limit ? offset + runs.length : anchor === null ? 0 : await this.#total(query, anchor);
    return { runs: runs.map((run) => this.#row(run)), total, upTo: anchor };
  }

  async newer(filter: RunsFilter, newest: string | null, limit: number) {
    const query = this.#query(filter);
    const found = await this.parts.ledger.page(newest === null ? query : { ...query, after: newest }, { offset: 0, limit });
    const first = found[0]?.id;
    return { runs: found.map((run) => this.#row(run)), total: first === undefined ? 0 : await this.#total(query, first) };
  }

  async changed(known: ReadonlyMap<string, RunRow | undefined>): Promise<Map<string, RunRow>> {
    if (known.size === 0) return new Map();
    const { ledger } = this.parts;
    const moved = await ledger.moved([...known].map(([id, row]) => [id, row?.version ?? 0] as const));
    const now = moved.length > 0 ? await ledger.summaries(moved) : [];
    return new Map(now.map((run) => [run.id, this.#row(run)]));
  }

  async has(id: string): Promise<boolean> {
    return (await this.parts.ledger.summaries([id])).length > 0;
  }

  async strip(filter: RunsFilter, { from, to, bucketSeconds }: { from: Date; to: Date; bucketSeconds: number }): Promise<StripBucket[]> {
    const query = this.#query(filter);
    const key = JSON.stringify([query, from, to, bucketSeconds]);
    if (this.#strip?.key === key && Date.now() - this.#strip.at < MOMENT) return this.#strip.buckets;
    const later = (a: string, b: string | undefined) => (b !== undefined && b > a ? b : a);
    const earlier = (a: string, b: string | undefined) => (b !== undefined && b < a ? b : a);
    const since = later(from.toISOString(), query.since);
    const until = earlier(to.toISOString(), query.until);
    const counts = await this.parts.ledger.countByMinute({ ...query, since, until });
    const buckets = emptyBuckets(from, to, bucketSeconds);
    for (const { minute, state, count } of counts) {
      const bucket = buckets[Math.floor((Date.parse(`${minute}:00Z`) - from.getTime()) / 1000 / bucketSeconds)];
      if (bucket) bucket.counts[state] = (bucket.counts[state] ?? 0) + count;
    }
    this.#strip = { key, at: Date.now(), buckets };
    return buckets;
  }

  #query(filter: RunsFilter): RunQuery {
    return queryOf(filter, this.parts.stack);
  }

  #row(run: RunSummary): RunRow {
    return rowOf(run, run.isOnServer ? "server" : "ledger", run.isOnServer ? this.parts.prefectUrl?.(run.id) : undefined);
  }

  /**
   * How many runs match up to an anchor. Runs do not vanish, and new ones come at the top. If no change of a run can end
   * its match, only the new ones since the last time are counted.
   */
  async #total(query: RunQuery, upTo: string): Promise<number> {
    const { ledger } = this.parts;
    const key = JSON.stringify(query);
    if (query.states !== undefined) {
      const known = this.#totals.get(`${key} ${upTo}`);
      if (known !== undefined && Date.now() - known.at < MOMENT) return known.total;
      const total = await ledger.count({ ...query, upTo });
      this.#remember(`${key} ${upTo}`, { upTo, total, at: Date.now() });
      return total;
    }
    const exact = this.#fresh(`${key} ${upTo}`);
    if (exact) return exact.total;
    const latest = this.#fresh(key);
    const more = latest ? await ledger.count({ ...query, after: latest.upTo, upTo }) : 0;
    const counted = latest && more > 0 ? { total: latest.total + more, at: latest.at } : undefined;
    const { total, at } = counted ?? { total: await ledger.count({ ...query, upTo }), at: Date.now() };
    this.#remember(`${key} ${upTo}`, { upTo, total, at });
    // An older anchor than the latest one is only known by itself.
    if (!latest || counted) this.#remember(key, { upTo, total, at });
    return total;
  }

  #fresh(key: string): Total | undefined {
    const known = this.#totals.get(key);
    return known !== undefined && Date.now() - known.at < TOTAL_AGE ? known : undefined;
  }

  #remember(key: string, total: Total): void {
    this.#totals.delete(key);
    this.#totals.set(key, total);
    const [oldest] = this.#totals.keys();
    if (this.#totals.size > TOTALS && oldest !== undefined) this.#totals.delete(oldest);
  }
}

/** Every bucket from `from` to `to`. */
function emptyBuckets(from: Date, to: Date, bucketSeconds: number): StripBucket[] {
  const count = Math.ceil((to.getTime() - from.getTime()) / 1000 / bucketSeconds);
  return Array.from({ length: count }, (_, index) => ({
    at: new Date(from.getTime() + index * bucketSeconds * 1000).toISOString(),
    counts: {},
  }));
}
