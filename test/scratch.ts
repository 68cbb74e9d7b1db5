import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Make a folder for this test. It is removed after the test. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "pushpool-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
