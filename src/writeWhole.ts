import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Write a file so that whoever reads it, also after a crash, finds the old text or the new one, whole. For its owner only.
 * @param options.settled false: it outlives this process, however that ends, but perhaps not the machine's power
 */
export function writeWhole(path: string, text: string, { settled = true } = {}): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}.new`;
  const file = openSync(beside, "w", 0o600);
  try {
    writeSync(file, text);
    if (settled) fsyncSync(file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
}
