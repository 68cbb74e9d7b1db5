import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "./makeFolder";

/** Write a file so that whoever reads it, also after a crash or a loss of power, finds the old text or the new one, whole. For its owner only. */
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

/** An error of a file operation with the path. Errors of an open file, and some of Node's own, know none. */
export function aboutPath(error: unknown, path: string): unknown {
  const failed = error as NodeJS.ErrnoException;
  if (failed.code !== undefined) failed.path ??= path;
  return error;
}

/** That a file is there, under its name, is on the disk itself after this. */
export function syncFolder(path: string): void {
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
