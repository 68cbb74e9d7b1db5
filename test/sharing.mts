import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

// Files of the project "shared" use one process after another, so that the modules and the clouds' SDKs are loaded once.

/** Their subjects have no state beyond what a test makes: fakes on their own ports, ledgers and folders of their own. */
const FOLDERS = [
  "buildSteps",
  "cli",
  "components",
  "deployments",
  "docs",
  "dockerContext",
  "e2e",
  "engine",
  "entrypoint",
  "init",
  "keys",
  "ledger",
  "manifest",
  "plugin",
  "prefect",
  "prefectYaml",
  "provider",
  "runs",
  "schedules",
  "serve",
  "serverRuns",
  "targets",
  "testing",
  "ui",
  "workspace",
];

/** These measure or kill processes, start many, or use a gigabyte. */
const ALONE = /killPoints|heapShape|[/]toy[/]|components[/]schema|docs[/]fromPrefect|moto/;

/**
 * What the next file of the process would see: modules, environment, clock and globals that a test has changed. Vitest itself resets
 * `vi.setConfig` after each file.
 */
export const CHANGES_THE_PROCESS =
  /process\.(chdir|on|once)\b|process\.(exitCode|env(\.\w+|\[[^\]]+\])) (\?\?|\|\|)?= |(delete |assign\()process\.env|\bvi\.(mock|doMock|hoisted|stub\w+|useFakeTimers|spyOn)\b|globalThis\.\w+ =/;

/** The paths of the files that may share processes, from the repository's root. A file that begins to change its process leaves the list. */
export function filesThatShare(root: string): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, "test", folder), { recursive: true, encoding: "utf8" })
      .map((name) => `test/${folder}/${name}`)
      .filter(
        (path) => path.endsWith(".test.ts") && !ALONE.test(path) && !CHANGES_THE_PROCESS.test(readFileSync(join(root, path), "utf8")),
      ),
  );
}
