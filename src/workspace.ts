import { statSync } from "node:fs";
import { resolve } from "node:path";
import { findProjectDir, readProjectName } from "./engine/project";
import { findHome, openHome, stateHome } from "./home";
import { pulumiSelectedStack } from "./pulumiCli";
import { quoted } from "./shown";
import { engineOf, selectedStack } from "./stacks";
import { UserError } from "./userError";

/** The stack that a command works on. */
export interface StackReference {
  project: string;
  stack: string;
  /** `<project>/<stack>`: the name of the stack in messages and in the ledger. */
  id: string;
  /** The organization, if one was given: `--stack org/project/stack`. */
  organization?: string;
  /** Whether `-s` named the stack. If not, it is the selected stack. @default false */
  given?: boolean;
}

/** Where a command works: a folder, the files that belong to it, and the stack. */
export interface Workspace {
  /** Absolute. */
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** The `.pushpool` folder, as an absolute path. It may not exist. */
  home: string;
  /** The folder for files that must not be in a project, as an absolute path. It may not exist. */
  stateHome: string;
  /** The Pulumi project that contains `cwd`. */
  project?: { name: string; dir: string };
  /** `undefined` if no stack was given and none is selected. */
  stack?: StackReference;
}

export interface WorkspaceOptions {
  /** The value of `-C`. @default the working directory of the process */
  cwd?: string;
  /** The value of `-s`: `stack`, `project/stack` or `org/project/stack`. @default the selected stack */
  stack?: string;
  /** @default `process.env` */
  env?: NodeJS.ProcessEnv;
  /** Make the home folder if it does not exist. @default false */
  create?: boolean;
}

/**
 * Find out where a command works. This reads a few small files. If they do not show the selected stack of a project, it asks the Pulumi CLI.
 * @throws {UserError} if the folder does not exist, the stack name is invalid, or the home folder belongs to another user
 */
export function openWorkspace({ cwd: folder = ".", stack: wanted, env = process.env, create = false }: WorkspaceOptions = {}): Workspace {
  if (folder.trim() === "") throw new UserError("-C is blank: give a folder, or leave it out");
  const cwd = resolve(folder);
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) throw new UserError(`-C: there is no folder ${cwd}`);
  const home = findHome(cwd, env);
  openHome(home, { create });
  const dir = findProjectDir(cwd);
  const project = dir === undefined ? undefined : { name: readProjectName(dir), dir };
  const stack = wanted === undefined ? selected(home, project, env) : { ...readStackName(wanted, project?.name), given: true };
  return { cwd, env, home, stateHome: stateHome(env), ...(project ? { project } : {}), ...(stack ? { stack } : {}) };
}

/**
 * Parse the value of `--stack`.
 * @param project the current project; a stack name without a project belongs to it
 * @throws {UserError} if the name is invalid, has no project, or belongs to a project other than `project`
 */
export function readStackName(text: string, project?: string): StackReference {
  const parts = text.split("/");
  // Pulumi's own rule. It also makes the names safe to use as parts of a path.
  const isName = (part: string) => /^[A-Za-z0-9_.-]{1,100}$/.test(part) && part !== "." && part !== "..";
  if (parts.length > 3 || !parts.every(isName)) {
    throw new UserError(
      `--stack ${quoted(text)} is not a valid stack name: give STACK, PROJECT/STACK or ORG/PROJECT/STACK, each made of letters, digits, "-", "_" and "."`,
    );
  }
  const stack = parts.at(-1) ?? "";
  const ofProject = parts.at(-2) ?? project;
  if (ofProject === undefined)
    throw new UserError(`--stack ${quoted(text)} does not name a project, and there is no Pulumi.yaml here: give it as PROJECT/${stack}`);
  if (project !== undefined && ofProject !== project) {
    throw new UserError(
      `--stack ${quoted(text)} is a stack of project "${ofProject}", but the project here is "${project}": give the other project's folder with -C`,
    );
  }
  const organization = parts.at(-3);
  return { project: ofProject, stack, id: `${ofProject}/${stack}`, ...(organization === undefined ? {} : { organization }) };
}

/** The stack that pushpool selected. If the Pulumi CLI manages that stack, Pulumi's own selection, as for `pulumi up`. */
function selected(home: string, project: Workspace["project"], env: NodeJS.ProcessEnv): StackReference | undefined {
  if (!project) return undefined;
  const own = selectedStack(home, project.name);
  const isOurs = own !== undefined && engineOf(home, project.name, own) !== "pulumi";
  const name = (isOurs ? undefined : pulumiSelectedStack(project.dir, env)) ?? own;
  if (name === undefined) return undefined;
  return readStackName(name.split("/").at(-1) ?? name, project.name);
}
