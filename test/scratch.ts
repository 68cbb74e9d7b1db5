import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd } from "./atEnd";

/** Make a folder. It is removed after the test, or after the suite for which it was made. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "pushpool-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
