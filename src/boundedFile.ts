import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { UserError } from "./userError";

const MEBIBYTE = 1024 * 1024;
/** How long a pipe may bring nothing, in milliseconds. */
const PATIENCE = 5_000;
const PAUSE = 20;
const CHUNK = 64 * 1024;

/**
 * Read a file that a person names, whole: a regular file, or a pipe (`@<(…)`, `/dev/stdin`).
 * @param name what messages call it
 * @param most of so many MiB; a text that a person writes has less
 * @throws {UserError} if it is a folder, a device or a socket, is larger, or is a pipe into which nobody writes
 * @throws {NodeJS.ErrnoException} if it cannot be read
 */
export function readBounded(path: string, name: string, most: number): Buffer {
  // Without O_NONBLOCK the open itself waits for somebody to write into a pipe.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (stats.isDirectory()) throw new UserError(`${name} is a folder: give a file`);
    if (!stats.isFile() && !stats.isFIFO()) throw new UserError(`${name} is a device or a socket: give a file or a pipe`);
    if (stats.size > most * MEBIBYTE) throw tooLarge(name, most);
    return readAll(file, stats.isFIFO(), name, most);
  } finally {
    closeSync(file);
  }
}

function readAll(file: number, isPipe: boolean, name: string, most: number): Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  let heard = Date.now();
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const count = readSome(file, chunk);
    if (count !== undefined && count > 0) {
      chunks.push(chunk.subarray(0, count));
      size += count;
      heard = Date.now();
      if (size > most * MEBIBYTE) throw tooLarge(name, most);
      continue;
    }
    // The end of a pipe, unless nobody has begun to write into it.
    if (count === 0 && !(isPipe && size === 0)) return Buffer.concat(chunks);
    if (Date.now() - heard > PATIENCE) {
      if (count === 0) return Buffer.concat(chunks);
      throw new UserError(`${name} is a pipe, and nothing has come through it for ${PATIENCE / 1_000} s`);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
  }
}

/** @returns `undefined` where there is nothing yet */
function readSome(file: number, into: Buffer): number | undefined {
  try {
    return readSync(file, into);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
    throw error;
  }
}

function tooLarge(name: string, most: number): UserError {
  return new UserError(`${name} is larger than ${most} MiB, the most that is read`);
}
