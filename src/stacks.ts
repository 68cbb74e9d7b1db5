import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "./userError";
import { writeWhole } from "./writeWhole";

/** The engines that can deploy a stack: the Pulumi CLI, or the engine inside pushpool. */
export type EngineName = "pulumi" | "offline";

/** The stack that `up` creates if none is selected. */
export const DEFAULT_STACK = "dev";

interface ProjectRecord {
  selected?: string;
  stacks: Record<string, { engine: EngineName }>;
}

/** The stack of a project that was last deployed or selected from this home folder. */
export function selectedStack(home: string, project: string): string | undefined {
  return read(home, project).selected;
}

/** The stacks of a project that were deployed from this home folder. */
export function recordedStacks(home: string, project: string): string[] {
  return Object.keys(read(home, project).stacks);
}

export function selectStack(home: string, project: string, stack: string): void {
  const record = read(home, project);
  if (record.selected === stack) return;
  write(home, project, { ...record, selected: stack });
}

/**
 * The engine that owns a stack. If the offline engine has a state file, it owns the stack. To hand a stack over, its export is put there.
 * To hand it back, the file is moved away.
 * @returns `undefined` for a stack that, according to this home folder, nothing has deployed yet
 */
export function engineOf(home: string, project: string, stack: string): EngineName | undefined {
  if (existsSync(statePath(home, project, stack))) return "offline";
  const { stacks } = read(home, project);
  return Object.hasOwn(stacks, stack) && stacks[stack]?.engine === "pulumi" ? "pulumi" : undefined;
}

/**
 * Refuse the other engine for a stack. Each engine has its own state, so both together would provision everything twice.
 * @throws {UserError} with the commands that hand the stack over
 */
export function refuseOtherEngine(home: string, project: string, stack: string, engine: EngineName): void {
  const owner = engineOf(home, project, stack);
  if (owner !== undefined && owner !== engine) throw new UserError(handOverMessage(home, project, stack, owner));
}

/**
 * Record the engine of a stack before it is deployed. The first stack of a project becomes the selected one.
 * @throws {UserError} as {@link refuseOtherEngine}
 */
export function recordEngine(home: string, project: string, stack: string, engine: EngineName): void {
  refuseOtherEngine(home, project, stack, engine);
  const { selected = stack, stacks } = read(home, project);
  write(home, project, { selected, stacks: { ...stacks, [stack]: { engine } } });
}

/** Forget a stack that no longer exists. */
export function forgetStack(home: string, project: string, stack: string): void {
  const { selected, stacks } = read(home, project);
  const { [stack]: _, ...others } = stacks;
  write(home, project, { ...(selected === undefined || selected === stack ? {} : { selected }), stacks: others });
}

/** The path of a stack's state in the offline engine, in the format of `pulumi stack export`. */
function statePath(home: string, project: string, stack: string): string {
  return join(home, "stacks", project, `${stack}.json`);
}

function handOverMessage(home: string, project: string, stack: string, owner: EngineName): string {
  const state = statePath(home, project, stack);
  // The journal of an interrupted operation stays beside the state until the next operation.
  const unfinished = existsSync(`${state}.journal`) ? [`pushpool refresh -y --engine offline --stack ${stack}`] : [];
  const lines =
    owner === "offline"
      ? [
          ...unfinished,
          `pulumi stack init ${stack}`,
          `pulumi stack import --stack ${stack} --file ${state}`,
          `mv ${state} ${state}.imported`,
        ]
      : [`mkdir -p ${join(home, "stacks", project)}`, `pulumi stack export --stack ${stack} --file ${state}`];
  const [is, other] = owner === "offline" ? ["the offline engine", "the Pulumi CLI"] : ["the Pulumi CLI", "the offline engine"];
  return `stack ${project}/${stack} was brought up by ${is}: use --engine ${owner}, or hand it over to ${other}:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

/** The path of the file with a project's selected stack and the engines of its stacks. */
export function recordPath(home: string, project: string): string {
  return join(home, "projects", `${project}.json`);
}

function read(home: string, project: string): ProjectRecord {
  const file = recordPath(home, project);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { stacks: {} };
    throw error;
  }
  try {
    const { selected, stacks } = JSON.parse(text) as Partial<ProjectRecord>;
    return { ...(typeof selected === "string" ? { selected } : {}), stacks: stacks ?? {} };
  } catch {
    throw new UserError(
      `${file} is damaged: invalid JSON. Remove it. It only stores which stack is selected, and the engines of the stacks`,
    );
  }
}

/** The file is not touched if nothing changes, so that a second `up` changes nothing. */
function write(home: string, project: string, record: ProjectRecord): void {
  const text = `${JSON.stringify(record, null, 2)}\n`;
  const file = recordPath(home, project);
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeWhole(file, text);
}
