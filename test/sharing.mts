import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

// Files of the project "shared" use one process after another, so that the modules and the clouds' SDKs are loaded once.

/** Their subjects have no state beyond what a test makes: fakes on their own ports, ledgers and folders of their own. */
const FOLDERS = [
  "buildSteps",
  "cli",
  "components",
  "docs",
  "dockerContext",
  "engine",
  "entrypoint",
  "init",
  "keys",
  "ledger",
  "manifest",
  "plugin",
  "prefect",
  "prefectYaml",
  "runs",
  "serve",
  "serverRuns",
  "targets",
  "testing",
  "ui",
  "workspace",
];

/** These measure or kill processes, start many, or use a gigabyte. */
const ALONE = /killPoints|heapShape|[/](toy|server)[/]|components[/]schema|docs[/]fromPrefect|moto/;

/** What the next file of the process would see: modules, environment, clock and globals that a test has changed. */
export const CHANGES_THE_PROCESS =
  /process\.(env|chdir|on|once|exitCode|kill)\b|\bvi\.(mock|doMock|hoisted|stub\w+|useFakeTimers|spyOn|setConfig)\b|globalThis\.\w+ =/;

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
