import { statSync } from "node:fs";
import { resolve } from "node:path";
import { findProjectDir, readProjectName } from "./engine/project";
import { findHome, openHome, stateHome } from "./home";
import { pulumiSelectedStack } from "./pulumiCli";
import { quoted } from "./shown";
import { engineOf, selectedStack } from "./stacks";
import { UserError } from "./userError";

/** Which stack is meant. */
export interface StackReference {
  project: string;
  stack: string;
  /** `<project>/<stack>`: what messages and the ledger call it. */
  id: string;
  /** The organization, where one was given: `-s org/project/stack`. */
  organization?: string;
  /** By `-s`, and not just the selected one. @default false */
  given?: boolean;
}

/** Where a command works: a folder, what belongs to it, and the stack that is meant. */
export interface Workspace {
  /** Absolute. */
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** The `.pushpool` folder, absolute; it need not be there. */
  home: string;
  /** For what must not lie in a project; absolute, and need not be there. */
  stateHome: string;
  /** The Pulumi project that `cwd` is in. */
  project?: { name: string; dir: string };
  /** Absent: none was given and none is selected. */
  stack?: StackReference;
}

export interface WorkspaceOptions {
  /** As `-C`. @default the process's */
  cwd?: string;
  /** As `-s`: `stack`, `project/stack` or `org/project/stack`. @default the selected one */
  stack?: string;
  /** @default `process.env` */
  env?: NodeJS.ProcessEnv;
  /** Make the home if it is not there. @default false */
  create?: boolean;
}

/**
 * Find out where a command works. Reads a few small files; in a project whose stack is not known from here, the Pulumi CLI is asked too.
 * @throws {UserError} if the folder is not there, the stack's name is none, or the home is not the caller's own
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
 * What `-s` says.
 * @param project the project here, which a bare stack name belongs to
 * @throws {UserError}
 */
export function readStackName(text: string, project?: string): StackReference {
  const parts = text.split("/");
  // Pulumi's own rule; it also keeps the names apart from paths, which they become.
  const isName = (part: string) => /^[A-Za-z0-9_.-]{1,100}$/.test(part) && part !== "." && part !== "..";
  if (parts.length > 3 || !parts.every(isName)) {
    throw new UserError(
      `-s ${quoted(text)} is no stack: give STACK, PROJECT/STACK or ORG/PROJECT/STACK, each of letters, digits, "-", "_" and "."`,
    );
  }
  const stack = parts.at(-1) ?? "";
  const ofProject = parts.at(-2) ?? project;
  if (ofProject === undefined)
    throw new UserError(`-s ${quoted(text)} does not say of which project, and there is no Pulumi.yaml here: give it as PROJECT/${stack}`);
  if (project !== undefined && ofProject !== project) {
    throw new UserError(
      `-s ${quoted(text)} is a stack of project "${ofProject}", and the project here is "${project}": go to the other one's folder with -C`,
    );
  }
  const organization = parts.at(-3);
  return { project: ofProject, stack, id: `${ofProject}/${stack}`, ...(organization === undefined ? {} : { organization }) };
}

/** The selection made by pushpool, unless that stack is Pulumi's: then Pulumi's own selection counts, as it does for `pulumi up`. */
function selected(home: string, project: Workspace["project"], env: NodeJS.ProcessEnv): StackReference | undefined {
  if (!project) return undefined;
  const own = selectedStack(home, project.name);
  const isOurs = own !== undefined && engineOf(home, project.name, own) !== "pulumi";
  const name = (isOurs ? undefined : pulumiSelectedStack(project.dir, env)) ?? own;
  if (name === undefined) return undefined;
  return readStackName(name.split("/").at(-1) ?? name, project.name);
}
