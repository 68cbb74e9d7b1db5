import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { describeFileError } from "./fileErrors";
import { makeFolder } from "./makeFolder";
import { refuseForeignOwner } from "./ownership";
import { UserError } from "./userError";
import { writeWhole } from "./writeWhole";

/** Find the nearest folder that matches: `from` itself, or one of its parents. */
export function upwards(from: string, matches: (folder: string) => boolean): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (matches(folder)) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

const PROJECT_FILES = ["Pulumi.yaml", "Pulumi.yml", "prefect.yaml"];

/**
 * The folder where pushpool keeps its files for `cwd`. It may not exist yet. The first of these:
 * `$PUSHPOOL_HOME`; the nearest `.pushpool/` in `cwd` or a parent; `.pushpool/` beside the nearest Pulumi.yaml or prefect.yaml;
 * `.pushpool/` in `cwd`.
 * @returns an absolute path
 */
export function findHome(cwd: string, env: NodeJS.ProcessEnv): string {
  if (env.PUSHPOOL_HOME) return resolve(cwd, env.PUSHPOOL_HOME);
  const folder =
    upwards(cwd, (at) => isFolder(join(at, ".pushpool"))) ??
    upwards(cwd, (at) => PROJECT_FILES.some((file) => existsSync(join(at, file)))) ??
    resolve(cwd);
  return join(folder, ".pushpool");
}

/**
 * Check that a home can be trusted, because pushpool executes the commands in its manifests and runs. With `create`, also make the folder.
 * @throws {UserError} if it belongs to another user, if others may write to it, or if it cannot be made
 */
export function openHome(home: string, { create }: { create: boolean }): void {
  if (existsSync(home)) {
    if (!isFolder(home))
      throw new UserError(`${home} is not a folder: pushpool stores its files there. Move it away, or set PUSHPOOL_HOME to another folder`);
    refuseForeignOwner(home, "set PUSHPOOL_HOME to a folder of your own");
  } else if (create) {
    try {
      makeFolder(home);
    } catch (error) {
      throw new UserError(`cannot make ${home}: ${describeFileError(error)}. Set PUSHPOOL_HOME to a folder that you may write to`);
    }
  }
  const ignore = join(home, ".gitignore");
  // Users commit whole folders, and these files belong to this machine only.
  if (!create || existsSync(ignore)) return;
  try {
    writeWhole(ignore, "*\n");
  } catch (error) {
    throw new UserError(`cannot write ${ignore}: ${describeFileError(error)}`, 5);
  }
}

/** The folder for files that must not be in a project, such as keys: `$XDG_STATE_HOME/pushpool`, by default `~/.local/state/pushpool`. */
export function stateHome(env: NodeJS.ProcessEnv): string {
  const base = env.XDG_STATE_HOME;
  // The XDG specification says to ignore relative paths.
  return join(base && isAbsolute(base) ? base : join(env.HOME || homedir(), ".local", "state"), "pushpool");
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
