import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * One folder for the compiled code of everything that the tests start. Each test has its own home folder. Without this one, each would
 * compile the Pulumi SDK again: 1.5 s of CPU for every first `up`.
 */
export default function shareCompiledCode(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "pushpool-compiled-"));
  process.env.NODE_COMPILE_CACHE = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
