import type { Runs } from "../runs";
import { LogSpool } from "./logSpool";
import type { EventSink } from "./serverSentEvents";

/** How long a log without readers is kept for those that reconnect, in milliseconds. */
const LINGER = 20_000;
/** The most lines of one message. */
const BATCH = 2_000;

interface SharedLog {
  spool: LogSpool;
  readers: number;
  stop: AbortController;
  leaving?: NodeJS.Timeout;
}

/** The logs that pages show. Each is read once from its place, however many pages show it. */
export class SharedLogs {
  readonly #logs = new Map<string, SharedLog>();

  constructor(private readonly signal: AbortSignal) {
    signal.addEventListener("abort", () => {
      for (const key of [...this.#logs.keys()]) this.#drop(key);
    });
  }

  /** Send the log of a run's current attempt, from the nth line on, until it is complete or the reader goes. */
  async show(runs: Runs, run: { id: string; attempt: number }, from: number, sink: EventSink): Promise<void> {
    const key = `${run.id}/${run.attempt}`;
    const log = this.#logs.get(key) ?? this.#open(runs, run.id, key);
    log.readers += 1;
    clearTimeout(log.leaving);
    try {
      await send(log.spool, from, sink);
    } finally {
      log.readers -= 1;
      if (log.readers === 0) {
        if (this.#logs.get(key) === log) log.leaving = setTimeout(() => this.#drop(key), LINGER).unref();
        else void log.spool.close();
      }
    }
  }

  /** How many logs are being read, for tests. */
  get size(): number {
    return this.#logs.size;
  }

  #open(runs: Runs, id: string, key: string): SharedLog {
    const spool = new LogSpool();
    const stop = new AbortController();
    const log: SharedLog = { spool, readers: 0, stop };
    this.#logs.set(key, log);
    const read = () => runs.readLogs(id, { follow: true, signal: stop.signal, onLine: (line) => spool.add(line) });
    runs
      .listening((event) => {
        if (event.kind === "warning") spool.notice(event.message);
      }, read)
      .catch((error: Error) => {
        if (!stop.signal.aborted) spool.notice(`the log cannot be read: ${error.message}`);
        // The next page tries again.
        if (this.#logs.get(key) === log) this.#logs.delete(key);
      })
      .finally(() => spool.end());
    return log;
  }

  #drop(key: string): void {
    const log = this.#logs.get(key);
    if (!log) return;
    this.#logs.delete(key);
    clearTimeout(log.leaving);
    log.stop.abort();
    void log.spool.close();
  }
}

async function send(spool: LogSpool, from: number, sink: EventSink): Promise<void> {
  let next = from;
  let noticed = 0;
  while (!sink.signal.aborted) {
    for (; noticed < spool.notices.length; noticed += 1) sink.send("notice", { text: spool.notices[noticed] });
    let lines: string[];
    try {
      lines = await spool.read(next);
    } catch (error) {
      // The disk is full, for example.
      sink.send("notice", { text: `the log cannot be shown: ${(error as Error).message}` });
      sink.send("end", {});
      return;
    }
    for (let at = 0; at < lines.length && !sink.signal.aborted; at += BATCH) {
      const batch = lines.slice(at, at + BATCH);
      next += batch.length;
      sink.sendText("lines", `{"lines":[${batch.join(",")}]}`, next);
      await sink.ready();
    }
    if (next < spool.count || noticed < spool.notices.length) continue;
    if (spool.ended) {
      sink.send("end", {});
      return;
    }
    await spool.changed(sink.signal);
  }
}
