import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { describeFileError } from "./fileErrors";
import { makeFolder } from "./makeFolder";
import { refuseForeign } from "./ownership";
import { UserError } from "./userError";
import { writeWhole } from "./writeWhole";

/** The nearest folder, from `from` upwards, of which something holds. */
export function upwards(from: string, holds: (folder: string) => boolean): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (holds(folder)) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

const PROJECT_FILES = ["Pulumi.yaml", "Pulumi.yml", "prefect.yaml"];

/**
 * Where pushpool keeps its things for `cwd`: `$PUSHPOOL_HOME`, else the nearest `.pushpool/` upwards, else one beside the nearest
 * Pulumi.yaml or prefect.yaml upwards, else one in `cwd` itself. It need not be there yet.
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
 * Make sure that a home may be trusted, since the commands of its manifests and runs are executed; with `create`, that it is there.
 * @throws {UserError} if it belongs to another user, if others may write to it, or if it cannot be made
 */
export function openHome(home: string, { create }: { create: boolean }): void {
  if (existsSync(home)) {
    if (!isFolder(home))
      throw new UserError(`${home} is not a folder: pushpool keeps its things there. Move it away, or set PUSHPOOL_HOME to another folder`);
    refuseForeign(home, "set PUSHPOOL_HOME to a folder of your own");
  } else if (create) {
    try {
      makeFolder(home);
    } catch (error) {
      throw new UserError(`cannot make ${home}: ${describeFileError(error)}. Set PUSHPOOL_HOME to a folder that you may write to`);
    }
  }
  const ignore = join(home, ".gitignore");
  // People add and copy whole folders; what lies here is of this machine.
  if (!create || existsSync(ignore)) return;
  try {
    writeWhole(ignore, "*\n");
  } catch (error) {
    throw new UserError(`cannot write ${ignore}: ${describeFileError(error)}`, 5);
  }
}

/** Where things lie that must not be in a project, keys above all: `$XDG_STATE_HOME/pushpool`, by default below `~/.local/state`. */
export function stateHome(env: NodeJS.ProcessEnv): string {
  const base = env.XDG_STATE_HOME;
  // The XDG rules have relative ones ignored.
  return join(base && isAbsolute(base) ? base : join(env.HOME || homedir(), ".local", "state"), "pushpool");
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
