import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { createInterface } from "node:readline";
import { UserError } from "../userError";
import type { Launch, ProgramPlace, ProgramRun } from "./language/language";
import { launchNode } from "./language/nodejs";
import { launchPython } from "./language/python";
import { launchYaml } from "./language/yaml";
import type { Project } from "./project";
import { startSupervised } from "./supervised";

/** How a program ended. `bail`: the error was reported already. */
export type ProgramEnd =
  | { kind: "ok" }
  | { kind: "bail" }
  | { kind: "failed"; message: string }
  | { kind: "exit"; code: number | null; signal: string | null };

/** The exit code of a program if its error is logged already. Both SDKs have the same. */
const BAIL = 32;

const LANGUAGES: Record<string, (run: ProgramRun, place: ProgramPlace) => Promise<Launch> | Launch> = {
  nodejs: launchNode,
  python: launchPython,
  yaml: launchYaml,
};

/**
 * Run the program of a project with the SDK of its language. Its process ends with ours.
 * @throws {UserError} if the project lacks what its language needs
 */
export async function startProgram(run: ProgramRun): Promise<{ ended: Promise<ProgramEnd>; kill(): void }> {
  const place = programOf(run.project);
  const launch = LANGUAGES[run.project.runtime] as (typeof LANGUAGES)[string];
  const { command, args, env, meanings = {} } = await launch(run, place);
  const { child, kill } = startSupervised(command, args, { cwd: place.folder, env });
  const lines = (["stdout", "stderr"] as const).map(
    (kind) =>
      new Promise<void>((done) => {
        createInterface({ input: child[kind] })
          .on("line", (text) => run.onEvent({ kind, text }))
          .on("close", done);
      }),
  );
  const ended = new Promise<ProgramEnd>((done, fail) => {
    child.on("error", fail);
    child.on("exit", (code, signal) => {
      Promise.all(lines).then(() => done(endOf(code, signal, meanings)));
    });
  });
  return { ended, kill };
}

function endOf(code: number | null, signal: string | null, meanings: Record<number, string>): ProgramEnd {
  if (code === 0) return { kind: "ok" };
  if (code === BAIL) return { kind: "bail" };
  const message = code === null ? undefined : meanings[code];
  return message === undefined ? { kind: "exit", code, signal } : { kind: "failed", message };
}

/**
 * Find a project's program. `main` names a folder or a file. Without it the program is the project's folder.
 * @throws {UserError} if the engine does not run the project's language, or `main` does not exist
 */
export function programOf({ dir, main, file, runtime }: Project): ProgramPlace {
  if (!Object.hasOwn(LANGUAGES, runtime))
    throw new UserError(
      `${file}: runtime ${runtime}: the offline engine runs only ${Object.keys(LANGUAGES).join(", ")} programs; use --engine pulumi`,
    );
  if (main === undefined) return { folder: dir, entry: "." };
  const path = resolve(dir, main);
  if (!existsSync(path)) throw new UserError(`${file}: main: ${path} does not exist`);
  return statSync(path).isDirectory() ? { folder: path, entry: "." } : { folder: dirname(path), entry: path };
}
