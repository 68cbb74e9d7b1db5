import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogLine } from "../targets/target";
import type { LogRow } from "./wire";

/** How long lines wait for others before they are written, in milliseconds: one write and one message for many lines. */
const GATHER = 40;
/** So many bytes are written at once, and read at once. */
const CHUNK = 256 * 1024;
/** So many bytes may wait to be written before the reader of the log waits. */
const MAX_PENDING = 2 * 1024 * 1024;
/** Every so many lines the place of one is remembered. */
const STRIDE = 256;

/**
 * The lines of one log, in a file that nobody else sees. There may be any number of lines and readers, and no line stays in memory. The file
 * has no name, so it ends with the process.
 */
export class LogSpool {
  /** How many lines can be read. */
  count = 0;
  /** No line will follow. */
  ended = false;
  readonly notices: string[] = [];
  readonly #file: Promise<FileHandle>;
  readonly #places: number[] = [];
  readonly #waiting = new Set<() => void>();
  #size = 0;
  #added = 0;
  #pending: string[] = [];
  #pendingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #fault: unknown;

  constructor() {
    this.#file = openNameless();
    // Its error is thrown where the file is used.
    this.#file.catch(() => {});
  }

  /** @returns a promise to wait for if many lines wait already */
  add({ at, text, stream }: LogLine): void | Promise<void> {
    const row: LogRow = { n: this.#added, at, text, stderr: stream === "stderr" };
    const line = `${JSON.stringify(row)}\n`;
    this.#added += 1;
    this.#pending.push(line);
    this.#pendingBytes += line.length;
    if (this.#pendingBytes >= CHUNK) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), GATHER);
    return this.#pendingBytes >= MAX_PENDING ? this.#writing : undefined;
  }

  notice(text: string): void {
    this.notices.push(text);
    this.#wake();
  }

  /** The log is complete. */
  async end(): Promise<void> {
    this.#flush();
    await this.#writing;
    this.ended = true;
    this.#wake();
  }

  /**
   * Some lines from the nth on, as the JSON of each, in order.
   * @throws {Error} if the disk is full
   */
  async read(from: number): Promise<string[]> {
    if (this.#fault !== undefined) throw this.#fault;
    if (from >= this.count) return [];
    const file = await this.#file;
    const known = Math.min(Math.floor(from / STRIDE), this.#places.length - 1);
    let skip = from - known * STRIDE;
    let place = this.#places[known] ?? 0;
    const end = this.#size;
    const lines: string[] = [];
    let rest: Buffer = Buffer.alloc(0);
    while (place < end && lines.length === 0) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, end - place));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, place);
      if (bytesRead === 0) break;
      place += bytesRead;
      const whole = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      let start = 0;
      for (let stop = whole.indexOf(10, start); stop >= 0; stop = whole.indexOf(10, start)) {
        if (skip > 0) skip -= 1;
        else lines.push(whole.toString("utf8", start, stop));
        start = stop + 1;
      }
      rest = whole.subarray(start);
    }
    return lines;
  }

  /** Resolves when there is something new, or when the signal fires. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      if (signal.aborted) return resolve();
      signal.addEventListener("abort", done, { once: true });
      this.#waiting.add(done);
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writing;
    await this.#file.then((file) => file.close()).catch(() => {});
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#pending;
    if (lines.length === 0) return;
    const bytes = this.#pendingBytes;
    this.#pending = [];
    this.#writing = this.#writing
      .then(() => this.#write(lines))
      .catch((error) => {
        this.#fault = error;
      })
      .finally(() => {
        this.#pendingBytes -= bytes;
        this.#wake();
      });
  }

  async #write(lines: readonly string[]): Promise<void> {
    const buffers = lines.map((line) => Buffer.from(line));
    const file = await this.#file;
    await file.appendFile(Buffer.concat(buffers));
    for (const buffer of buffers) {
      if (this.count % STRIDE === 0) this.#places.push(this.#size);
      this.#size += buffer.length;
      this.count += 1;
    }
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}

/** A file that only this process can open: it is removed while it is open. */
async function openNameless(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), "pushpool-ui-"));
  try {
    return await open(join(folder, "log"), "wx+", 0o600);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
