import { batch, signal } from "@preact/signals";
import type { LiveEvents, LiveView, RunRow, RunsFilter, RunsPage } from "../../src/ui/wire";
import type { RowRange } from "../parts/virtualWindow";
import { get, RequestError, send } from "../server/request";
import { openStream } from "../server/stream";
import { serverUnreachable } from "../shell/stack";
import {
  type AnchoredRuns,
  anchored,
  missingOffset,
  newer,
  newestKnown,
  PAGE_SIZE,
  withChanged,
  withFresh,
  withFreshOnTop,
  withPage,
} from "./anchoredRuns";
import { queryOf } from "./filters";

/** How long the page waits before it reports to the server what it shows: a scroll changes that with every frame. */
const SETTLED = 150;

let feeds = 0;

/** The runs that match the filters, loaded where they are in sight, and live. */
export class RunsFeed {
  readonly list = signal<AnchoredRuns | undefined>(undefined);
  readonly error = signal<RequestError | undefined>(undefined);
  /** Increases when the strip of the last day changed. */
  readonly stripTurn = signal(0);

  /** No other has it. */
  readonly id = ++feeds;

  private session: string | undefined;
  private sight: RowRange = { first: 0, last: 0 };
  private isAtTop = true;
  private readonly loading = new Set<number>();
  private turn = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private told = "";
  /** The rows of runs in sight as the stream brought them. A page that was read earlier may arrive later. */
  private readonly heard = new Map<string, RunRow>();

  constructor(readonly filters: RunsFilter) {}

  /** Start to load and to listen. @returns stops both */
  start(): () => void {
    void this.reload();
    const stream = openStream<LiveEvents>({
      address: () => "/api/live",
      opened: (again) => {
        this.session = undefined;
        this.told = "";
        this.heard.clear();
        if (again) void this.refresh();
      },
      on: {
        hello: ({ session }) => {
          this.session = session;
          this.tellSoon();
        },
        runs: ({ runs }) => {
          for (const run of runs) this.heard.set(run.id, run);
          this.update((list) => withChanged(list, runs));
        },
        new: ({ runs, total }) => {
          this.update((list) => withFresh(list, runs, total));
          if (this.isAtTop) this.showFresh();
        },
        strip: () => {
          this.stripTurn.value++;
          // A run may have come into the filtered states, or left them.
          if (this.filters.state && this.isAtTop) void this.reload();
        },
        server: ({ unreachable }) => {
          serverUnreachable.value = unreachable;
        },
      },
    });
    return () => {
      this.turn++;
      clearTimeout(this.timer);
      stream.close();
    };
  }

  /** The list from its top, with the newest run as its anchor. */
  async reload(): Promise<void> {
    const turn = ++this.turn;
    this.loading.clear();
    await this.fetched(turn, 0, null, (page) => anchored(page));
  }

  /** What the reader sees now. @param isAtTop new runs then appear at once */
  see(sight: RowRange, isAtTop: boolean): void {
    this.sight = sight;
    const arrived = isAtTop && !this.isAtTop;
    this.isAtTop = isAtTop;
    if (arrived && this.list.value && this.list.value.freshCount > 0) this.showFresh();
    this.load();
    this.tellSoon();
  }

  /** Put the new runs on top. */
  showFresh(): void {
    const list = this.list.value;
    const merged = list && withFreshOnTop(list);
    if (merged) this.update(() => merged);
    else void this.reload();
  }

  private load(): void {
    const list = this.list.value;
    if (!list) return;
    const missing = missingOffset(list, this.sight.first, this.sight.last);
    if (missing === null) return;
    // In whole pages, so that a slow scroll asks for each run once.
    const offset = Math.floor(missing / PAGE_SIZE) * PAGE_SIZE;
    if (this.loading.has(offset)) return;
    this.loading.add(offset);
    void this.fetched(this.turn, offset, list.upTo, (page, now) => withPage(now ?? list, page, offset)).then((done) => {
      this.loading.delete(offset);
      if (done) this.load();
    });
  }

  /** After an interruption: what is in sight may be old. */
  private async refresh(): Promise<void> {
    const list = this.list.value;
    if (!list || this.isAtTop) return this.reload();
    const turn = ++this.turn;
    this.loading.clear();
    const offset = Math.floor(this.sight.first / PAGE_SIZE) * PAGE_SIZE;
    await this.fetched(turn, offset, list.upTo, (page, now) => withPage({ ...(now ?? list), rows: [] }, page, offset));
    this.load();
  }

  private async fetched(
    turn: number,
    offset: number,
    upTo: string | null,
    put: (page: RunsPage, now: AnchoredRuns | undefined) => AnchoredRuns,
  ): Promise<boolean> {
    const query = queryOf(this.filters);
    query.set("offset", String(offset));
    query.set("limit", String(PAGE_SIZE));
    if (upTo !== null) query.set("upTo", upTo);
    try {
      const page = await get<RunsPage>(`/api/runs?${query}`);
      if (turn !== this.turn) return false;
      batch(() => {
        this.error.value = undefined;
        const runs = page.runs.map((run) => newer(this.heard.get(run.id), run));
        this.list.value = put({ ...page, runs }, this.list.value);
      });
      this.tellSoon();
      return true;
    } catch (error) {
      if (turn === this.turn && error instanceof RequestError) this.error.value = error;
      return false;
    }
  }

  private update(change: (list: AnchoredRuns) => AnchoredRuns): void {
    if (this.list.value) this.list.value = change(this.list.value);
    this.tellSoon();
  }

  private tellSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.tell(), SETTLED);
  }

  /** Tell the server what is in sight, if that changed. */
  private async tell(): Promise<void> {
    const list = this.list.value;
    const session = this.session;
    if (!session || !list) return;
    const ids = list.rows
      .slice(this.sight.first, this.sight.last)
      .flatMap((row) => (row ? [row.id] : []))
      .slice(0, 200);
    for (const id of this.heard.keys()) if (!ids.includes(id)) this.heard.delete(id);
    const view: LiveView = { ids, filters: this.filters, newest: newestKnown(list) };
    const text = JSON.stringify(view);
    if (text === this.told) return;
    this.told = text;
    // If it fails, the stream fails too, and both start again.
    await send("PUT", `/api/live/${encodeURIComponent(session)}`, view).catch(() => {
      this.told = "";
    });
  }
}
