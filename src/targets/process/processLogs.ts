import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { LogLine, LogPage } from "../target";

/** The most bytes of a stream in one page. */
const MAX_PAGE = 256 * 1024;
/** A longer line is split into pieces of this length, in bytes. */
const MAX_LINE = 64 * 1024;

/** The number of bytes in each stream at a time (milliseconds since 1970). */
export interface Stamp {
  time: number;
  out: number;
  err: number;
}

/** The offsets up to which the streams have been returned, and the offset of the first stamp that may still be needed; in bytes. */
interface Position {
  out: number;
  err: number;
  stamps: number;
}

/**
 * Read the lines after `cursor`, in the order of their times. Within one stamp, stdout comes first.
 * The earliest stamp that covers a line gives its time for ever. So a reader writes a stamp for new bytes before it returns them.
 * The cost of a page depends on the new bytes, not on those already returned.
 * @param ended whether no more bytes will follow
 */
export function readPage(folder: string, cursor: string | undefined, ended: boolean, now: () => number): LogPage {
  const position = parseCursor(cursor);
  const out = openStream(join(folder, "out"));
  const err = openStream(join(folder, "err"));
  try {
    let stamps = readStamps(folder, position.stamps);
    // Read the sizes after the stamps, so that the bytes which the stamps cover exist.
    const sizes = { out: out.size(), err: err.size() };
    const covers = (key: "out" | "err") => Math.max(position[key], ...stamps.map((stamp) => stamp[key]));
    if (sizes.out > covers("out") || sizes.err > covers("err")) {
      addStamp(folder, { time: now(), ...sizes });
      stamps = readStamps(folder, position.stamps);
    }
    const readsAll = { out: position.out + MAX_PAGE >= sizes.out, err: position.err + MAX_PAGE >= sizes.err };
    const lines = arrange(
      cut(out.read(position.out, Math.min(MAX_PAGE, sizes.out - position.out)), position.out, ended && readsAll.out),
      cut(err.read(position.err, Math.min(MAX_PAGE, sizes.err - position.err)), position.err, ended && readsAll.err),
      stamps,
      readsAll,
    );
    const next = { ...position };
    for (const { stream, end } of lines) next[stream === "stdout" ? "out" : "err"] = end;
    next.stamps = stamps.find((stamp) => stamp.out > next.out || stamp.err > next.err)?.at ?? stamps.at(-1)?.after ?? position.stamps;
    return {
      lines: lines.map(({ stream, text, time }) => ({ at: new Date(time).toISOString(), stream, text })),
      cursor: `${next.out}.${next.err}.${next.stamps}`,
      complete: ended && next.out === sizes.out && next.err === sizes.err,
    };
  } finally {
    out.close();
    err.close();
  }
}

/** A line of a stream: its text without the line end, and the offset after the line. */
export interface Cut {
  text: string;
  end: number;
}

/**
 * Split bytes into lines. An incomplete last line is held back unless the stream has ended. This is a pure function.
 * @param from the offset of the first byte in its stream
 * @param isLast whether the stream ends with these bytes
 */
export function cut(bytes: Buffer, from: number, isLast: boolean): Cut[] {
  const lines: Cut[] = [];
  for (let start = 0; ; ) {
    const newline = bytes.indexOf(0x0a, start);
    let end = newline === -1 ? bytes.length : newline;
    let next = newline + 1;
    if (end - start > MAX_LINE) {
      end = wholeCharacters(bytes, start, start + MAX_LINE);
      next = end;
    } else if (newline === -1) {
      if (!isLast || end === start) return lines;
      next = end;
    } else if (end > start && bytes[end - 1] === 0x0d) {
      end -= 1;
    }
    lines.push({ text: bytes.toString("utf8", start, end), end: from + next });
    start = next;
  }
}

/** The last offset up to `end` that does not split a UTF-8 character. */
function wholeCharacters(bytes: Buffer, start: number, end: number): number {
  for (let at = end; at > end - 4 && at > start; at--) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) return at;
  return end;
}

type Placed = Cut & { stream: LogLine["stream"]; time: number };

/**
 * Merge both streams: in the order of the stamps that cover their lines, and stdout before stderr within one stamp. This is a pure function.
 * If one stream was not read to its end, later lines of the other are held back.
 */
function arrange(out: Cut[], err: Cut[], stamps: Stamp[], readsAll: { out: boolean; err: boolean }): Placed[] {
  const placed: (Placed & { stamp: number })[] = [];
  for (const [stream, lines, key] of [
    ["stdout", out, "out"],
    ["stderr", err, "err"],
  ] as const) {
    let stamp = 0;
    for (const line of lines) {
      while (stamp < stamps.length - 1 && (stamps[stamp] as Stamp)[key] < line.end) stamp += 1;
      placed.push({ ...line, stream, stamp, time: stamps[stamp]?.time ?? 0 });
    }
  }
  const frontier = Math.min(
    readsAll.out ? Number.POSITIVE_INFINITY : (placed.findLast(({ stream }) => stream === "stdout")?.stamp ?? -1),
    readsAll.err ? Number.POSITIVE_INFINITY : (placed.findLast(({ stream }) => stream === "stderr")?.stamp ?? -1),
  );
  const order = (line: Placed & { stamp: number }) => line.stamp * 2 + (line.stream === "stderr" ? 1 : 0);
  return placed
    .filter((line) => line.stamp < frontier || (line.stamp === frontier && (line.stream === "stdout" || readsAll.out)))
    .sort((a, b) => order(a) - order(b))
    .map(({ stamp: _, ...line }) => line);
}

function addStamp(folder: string, { time, out, err }: Stamp): void {
  const file = openSync(join(folder, "stamps"), "a", 0o600);
  try {
    writeSync(file, `${time / 1000} ${out} ${err}\n`);
  } finally {
    closeSync(file);
  }
}

/** Read the stamps from an offset of their file on, each with its position. An incomplete line is left for the next reader. */
function readStamps(folder: string, from: number): (Stamp & { at: number; after: number })[] {
  const file = openStream(join(folder, "stamps"));
  try {
    const bytes = file.read(from, Math.max(0, file.size() - from));
    let at = from;
    return bytes
      .toString("latin1", 0, bytes.lastIndexOf("\n") + 1)
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [seconds, out, err] = line.split(" ").map(Number);
        const stamp = {
          time: Math.round((seconds as number) * 1000),
          out: out as number,
          err: err as number,
          at,
          after: at + line.length + 1,
        };
        at = stamp.after;
        return stamp;
      });
  } finally {
    file.close();
  }
}

function parseCursor(cursor: string | undefined): Position {
  const [out = 0, err = 0, stamps = 0] = (cursor ?? "0.0.0").split(".").map(Number);
  if (![out, err, stamps].every(Number.isSafeInteger)) throw new Error(`not a cursor of the process target: ${cursor}`);
  return { out, err, stamps };
}

function openStream(path: string): { size(): number; read(from: number, length: number): Buffer; close(): void } {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return { size: () => 0, read: () => Buffer.alloc(0), close: () => {} };
  }
  return {
    size: () => fstatSync(file).size,
    read: (from, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, from));
    },
    close: () => closeSync(file),
  };
}
