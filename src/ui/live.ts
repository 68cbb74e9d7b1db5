import { randomBytes } from "node:crypto";
import { isTerminal } from "../model/run";
import type { RunList } from "./runList";
import type { EventSink } from "./serverSentEvents";
import type { LiveView, RunRow, RunsFilter } from "./wire";

/** How often to look for changes, in milliseconds. */
const LOOK = 500;
/** How often to look at the infrastructure of shown runs that nobody else follows here, in milliseconds. */
const OBSERVE = 2_000;
/** How often the strip may change, in milliseconds. */
const STRIP = 3_000;
/** The most new runs of one message. */
const MAX_NEW = 100;

interface Session {
  sink: EventSink;
  filters: RunsFilter;
  newest: string | null | undefined;
  /** The shown runs, as the page knows them; `undefined`: not sent yet. */
  shown: Map<string, RunRow | undefined>;
  stripIsOld: boolean;
  stripSentAt: number;
  unreachable: string | null;
}

export interface LiveParts {
  list: () => Promise<RunList>;
  /** Look at the infrastructure of these runs, and record what it shows. */
  observe: (ids: readonly string[]) => Promise<void>;
}

/**
 * Sends pages the changes in what they show. All pages share one look: its cost grows with what is shown, not with the ledger's history.
 */
export class Live {
  readonly #sessions = new Map<string, Session>();
  #timer: NodeJS.Timeout | undefined;
  #newAt = 0;
  #observedAt = 0;
  #observing = false;

  constructor(private readonly parts: LiveParts) {}

  /** Serve one page until it goes. */
  async serve(sink: EventSink): Promise<void> {
    const id = randomBytes(12).toString("hex");
    const shown: Session["shown"] = new Map();
    this.#sessions.set(id, { sink, filters: {}, newest: undefined, shown, stripIsOld: false, stripSentAt: Date.now(), unreachable: null });
    sink.send("hello", { session: id });
    this.#schedule();
    await new Promise<void>((resolve) => {
      if (sink.signal.aborted) resolve();
      sink.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    this.#sessions.delete(id);
  }

  /** @returns whether there is such a session */
  view(id: string, { ids, filters, newest }: LiveView): boolean {
    const session = this.#sessions.get(id);
    if (!session) return false;
    session.shown = new Map(ids.map((one) => [one, session.shown.get(one)]));
    session.filters = filters;
    session.newest = newest;
    return true;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#sessions.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#look()
        .catch(() => {})
        .finally(() => {
          this.#timer = undefined;
          this.#schedule();
        });
    }, LOOK).unref();
  }

  async #look(): Promise<void> {
    // Who does not read what came before gets the present state later, at once.
    const sessions = [...this.#sessions.values()].filter(({ sink }) => !sink.isFull);
    if (sessions.length === 0) return;
    const list = await this.parts.list();
    const known = new Map<string, RunRow | undefined>();
    for (const { shown } of sessions) for (const [id, row] of shown) if (!known.has(id) || row === undefined) known.set(id, row);
    const changed = await list.changed(known);
    for (const session of sessions) {
      const rows: RunRow[] = [];
      for (const [id, row] of session.shown) {
        const now = changed.get(id) ?? (row === undefined ? known.get(id) : undefined);
        if (now === undefined || (row !== undefined && sameRow(row, now))) continue;
        rows.push(now);
        session.shown.set(id, now);
      }
      if (rows.length > 0) session.sink.send("runs", { runs: rows });
      if (rows.length > 0) session.stripIsOld = true;
      if (session.unreachable !== list.unreachable) {
        session.unreachable = list.unreachable;
        session.sink.send("server", { unreachable: list.unreachable });
      }
    }
    if (Date.now() - this.#newAt >= list.pace) {
      this.#newAt = Date.now();
      await this.#tellNew(list, sessions);
    }
    for (const session of sessions) {
      if (!session.stripIsOld || Date.now() - session.stripSentAt < STRIP) continue;
      session.stripIsOld = false;
      session.stripSentAt = Date.now();
      session.sink.send("strip", {});
    }
    this.#observe(sessions);
  }

  /** Pages with the same view share the query. */
  async #tellNew(list: RunList, sessions: readonly Session[]): Promise<void> {
    const found = new Map<string, Promise<{ runs: RunRow[]; total: number }>>();
    for (const session of sessions) {
      const { filters, newest } = session;
      if (newest === undefined) continue;
      const key = JSON.stringify([filters, newest]);
      const answer = found.get(key) ?? list.newer(filters, newest, MAX_NEW);
      found.set(key, answer);
      const { runs, total } = await answer;
      if (runs.length === 0 || session.newest !== newest) continue;
      session.newest = (runs[0] as RunRow).id;
      session.stripIsOld = true;
      session.sink.send("new", { runs, total });
    }
  }

  #observe(sessions: readonly Session[]): void {
    if (this.#observing || Date.now() - this.#observedAt < OBSERVE) return;
    const rows = sessions.flatMap(({ shown }) => [...shown.values()]).filter((row) => row !== undefined);
    const ids = [
      ...new Set(rows.filter(({ state, on }) => on === "ledger" && !isTerminal(state) && state.type !== "SCHEDULED").map(({ id }) => id)),
    ];
    if (ids.length === 0) return;
    this.#observing = true;
    this.parts
      .observe(ids)
      .catch(() => {})
      .finally(() => {
        this.#observing = false;
        this.#observedAt = Date.now();
      });
  }
}

/** A Prefect server has no versions of its runs. */
function sameRow(a: RunRow, b: RunRow): boolean {
  return a.version === b.version && a.attempt === b.attempt && a.name === b.name && JSON.stringify(a.state) === JSON.stringify(b.state);
}
