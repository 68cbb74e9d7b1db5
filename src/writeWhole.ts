import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "./makeFolder";

/**
 * Write a file atomically: a reader finds the complete old content or the complete new one, also after a crash or a power failure.
 * Only the owner of the file has access to it.
 */
export function writeWhole(path: string, text: string): void {
  makeFolder(dirname(path));
  const beside = `${path}.${process.pid}.new`;
  const file = openSync(beside, "w", 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw aboutPath(error, path);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  syncFolder(path);
}

/** Add the path to an error of a file operation. Errors of open files, and some errors of Node, have no path. */
export function aboutPath(error: unknown, path: string): unknown {
  const failed = error as NodeJS.ErrnoException;
  if (failed.code !== undefined) failed.path ??= path;
  return error;
}

/** Flush the folder of a file to disk, so that the file's name survives a power failure. */
export function syncFolder(path: string): void {
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
