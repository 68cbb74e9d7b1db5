import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/**
 * The `python3` on PATH may be a version manager's script: pyenv's starts 30 processes before it starts Python, each time. The tests start
 * Python hundreds of times, so this puts a script before it that starts the same Python at once.
 */
export default function findPythonOnce(): (() => void) | undefined {
  const { status, stdout } = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" });
  const python = stdout?.trim();
  if (status !== 0 || !python) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "pushpool-python-"));
  writeFileSync(join(folder, "python3"), `#!/bin/sh\nexec '${python.replaceAll("'", `'\\''`)}' "$@"\n`, { mode: 0o755 });
  process.env.PATH = `${folder}${delimiter}${process.env.PATH}`;
  return () => rmSync(folder, { recursive: true, force: true });
}
