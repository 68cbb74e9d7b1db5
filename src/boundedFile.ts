import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { UserError } from "./userError";

const MEBIBYTE = 1024 * 1024;
/** How long to wait for the next data from a pipe, in milliseconds. */
const PIPE_TIMEOUT = 5_000;
const POLL_INTERVAL = 20;
const CHUNK = 64 * 1024;

/**
 * Read all of a file that a user names: a regular file, or a pipe (`@<(…)`, `/dev/stdin`).
 * @param name what error messages call the file
 * @param maxMiB the largest accepted size, in MiB
 * @throws {UserError} if it is a folder, a device or a socket, if it is too large, or if nothing comes through a pipe
 * @throws {NodeJS.ErrnoException} if it cannot be read
 */
export function readBounded(path: string, name: string, maxMiB: number): Buffer {
  // Without O_NONBLOCK, opening a pipe blocks until somebody writes to it.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (stats.isDirectory()) throw new UserError(`${name} is a folder: give a file`);
    if (!stats.isFile() && !stats.isFIFO()) throw new UserError(`${name} is a device or a socket: give a file or a pipe`);
    if (stats.size > maxMiB * MEBIBYTE) throw tooLarge(name, maxMiB);
    return readAll(file, stats.isFIFO(), name, maxMiB);
  } finally {
    closeSync(file);
  }
}

function readAll(file: number, isPipe: boolean, name: string, maxMiB: number): Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  let lastData = Date.now();
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const count = readSome(file, chunk);
    if (count !== undefined && count > 0) {
      chunks.push(chunk.subarray(0, count));
      size += count;
      lastData = Date.now();
      if (size > maxMiB * MEBIBYTE) throw tooLarge(name, maxMiB);
      continue;
    }
    // A pipe to which nobody has written yet also reads as ended.
    if (count === 0 && !(isPipe && size === 0)) return Buffer.concat(chunks);
    if (Date.now() - lastData > PIPE_TIMEOUT) {
      if (count === 0) return Buffer.concat(chunks);
      throw new UserError(`${name} is a pipe, and no data has come through it for ${PIPE_TIMEOUT / 1_000} s`);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_INTERVAL);
  }
}

/** @returns the number of bytes, 0 at the end, `undefined` if there is no data yet */
function readSome(file: number, into: Buffer): number | undefined {
  try {
    return readSync(file, into);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
    throw error;
  }
}

function tooLarge(name: string, maxMiB: number): UserError {
  return new UserError(`${name} is too large: the limit is ${maxMiB} MiB`);
}
