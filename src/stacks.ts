import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "./userError";
import { writeWhole } from "./writeWhole";

/** What can bring a stack up: the Pulumi CLI, or the engine inside pushpool. */
export type EngineName = "pulumi" | "offline";

/** The stack that `up` makes where none is selected. */
export const DEFAULT_STACK = "dev";

interface ProjectRecord {
  selected?: string;
  stacks: Record<string, { engine: EngineName }>;
}

/** The stack of a project that was last brought up or selected from here. */
export function selectedStack(home: string, project: string): string | undefined {
  return read(home, project).selected;
}

/** The stacks of a project that were brought up from here. */
export function recordedStacks(home: string, project: string): string[] {
  return Object.keys(read(home, project).stacks);
}

export function selectStack(home: string, project: string, stack: string): void {
  const record = read(home, project);
  if (record.selected === stack) return;
  write(home, project, { ...record, selected: stack });
}

/**
 * The engine that owns a stack. The offline engine's state file decides where there is one: that is where an exported stack is put to
 * hand it over, and what is moved away to hand it back.
 * @returns `undefined` for a stack that nothing has brought up yet, as far as can be seen from here
 */
export function engineOf(home: string, project: string, stack: string): EngineName | undefined {
  if (existsSync(statePath(home, project, stack))) return "offline";
  const { stacks } = read(home, project);
  return Object.hasOwn(stacks, stack) && stacks[stack]?.engine === "pulumi" ? "pulumi" : undefined;
}

/**
 * Refuse the other engine on a stack: each keeps a state of its own, and both together would provision everything twice.
 * @throws {UserError} with the lines that hand the stack over
 */
export function refuseOtherEngine(home: string, project: string, stack: string, engine: EngineName): void {
  const owner = engineOf(home, project, stack);
  if (owner !== undefined && owner !== engine) throw new UserError(handOver(home, project, stack, owner));
}

/**
 * Note by which engine a stack is brought up, before it is. The first stack of a project is selected by that.
 * @throws {UserError} as {@link refuseOtherEngine}
 */
export function recordEngine(home: string, project: string, stack: string, engine: EngineName): void {
  refuseOtherEngine(home, project, stack, engine);
  const { selected = stack, stacks } = read(home, project);
  write(home, project, { selected, stacks: { ...stacks, [stack]: { engine } } });
}

/** Forget a stack that is no more. */
export function forgetStack(home: string, project: string, stack: string): void {
  const { selected, stacks } = read(home, project);
  const { [stack]: _, ...others } = stacks;
  write(home, project, { ...(selected === undefined || selected === stack ? {} : { selected }), stacks: others });
}

/** The offline engine's state of a stack, in the form of `pulumi stack export`. */
function statePath(home: string, project: string, stack: string): string {
  return join(home, "stacks", project, `${stack}.json`);
}

function handOver(home: string, project: string, stack: string, owner: EngineName): string {
  const state = statePath(home, project, stack);
  // What an operation that was cut off has noted stands beside the state until the next one.
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

/** Where a project's selected stack and the engines of its stacks are remembered. */
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
    throw new UserError(`${file} is damaged: it is no JSON. Remove it; it only remembers which stack is selected, and its engine`);
  }
}

/** Not touched where it says so already: a second `up` changes nothing. */
function write(home: string, project: string, record: ProjectRecord): void {
  const text = `${JSON.stringify(record, null, 2)}\n`;
  const file = recordPath(home, project);
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeWhole(file, text);
}
