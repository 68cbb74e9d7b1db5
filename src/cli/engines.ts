import { openHome } from "../home";
import { onPath } from "../manifest";
import { pulumiHasStack } from "../pulumiCli";
import { quoted } from "../shown";
import {
  DEFAULT_STACK,
  type EngineName,
  engineOf,
  forgetStack,
  recordEngine,
  recordPath,
  refuseOtherEngine,
  selectedStack,
} from "../stacks";
import { UserError } from "../userError";
import type { Workspace } from "../workspace";
import type { GlobalOptions } from "./globalOptions";
import { checkInstalled } from "./installed";
import { note } from "./screen";

export interface EngineFlags extends GlobalOptions {
  engine?: string;
  yes?: boolean;
}

/** Which stack of which project an operation is about, and who does it. */
export interface Operation {
  workspace: Workspace;
  project: { name: string; dir: string };
  stack: string;
  engine: EngineName;
  /** URNs of resources to replace though nothing of them differs; for the offline engine, since pulumi gets its arguments as they are. */
  replace: string[];
}

/**
 * Settle project, stack and engine, and say them: `--engine`, else the one that keeps the stack, else pulumi if it is on PATH, else offline.
 * Makes the home once nothing is amiss.
 * @param args what stands after `--`, which only pulumi understands
 * @throws {UserError} if there is no project, the other engine keeps the stack, or the engine cannot take the arguments
 */
export function settle(workspace: Workspace, { engine: wanted, json }: EngineFlags, args: string[]): Operation {
  const { project, home, env } = workspace;
  if (!project)
    throw new UserError(`there is no Pulumi.yaml from ${workspace.cwd} upwards: go to a Pulumi project, or name its folder with -C`);
  if (workspace.stack && workspace.stack.project !== project.name)
    throw new UserError(`--stack ${quoted(workspace.stack.id)}: the project here is ${project.name}`);
  if (wanted !== undefined && wanted !== "pulumi" && wanted !== "offline")
    throw new UserError(`--engine ${quoted(wanted)}: must be pulumi or offline`);
  const stack = workspace.stack?.stack ?? selectedStack(home, project.name) ?? DEFAULT_STACK;
  const hasPulumi = onPath("pulumi", env);
  if (wanted === "pulumi" && !hasPulumi)
    throw new UserError(
      "--engine pulumi: `pulumi` is not on PATH. Install it (https://www.pulumi.com/docs/install/), or use --engine offline",
    );
  releaseRemoved(workspace, project, stack, wanted);
  const owner = engineOf(home, project.name, stack);
  if (owner === "pulumi" && !hasPulumi) throw withoutPulumi(home, project.name, stack);
  const engine = wanted ?? owner ?? (hasPulumi ? "pulumi" : "offline");
  refuseOtherEngine(home, project.name, stack, engine);
  const replace = engine === "offline" ? replaceTargets(args) : [];
  checkInstalled(project.dir);
  openHome(home, { create: true });
  const why = wanted ? "as asked" : owner ? "it keeps this stack" : hasPulumi ? "pulumi is on PATH" : "pulumi is not on PATH";
  if (!json) note(`stack ${project.name}/${stack}, engine ${engine} (${why})`);
  return { workspace, project, stack, engine, replace };
}

/** Forget that the Pulumi CLI keeps a stack, where the other engine is asked for and `pulumi stack rm` has removed the stack. */
function releaseRemoved({ home, env }: Workspace, project: { name: string; dir: string }, stack: string, wanted: string | undefined): void {
  if (wanted !== "offline" || engineOf(home, project.name, stack) !== "pulumi") return;
  if (pulumiHasStack(project.dir, stack, env) !== false) return;
  forgetStack(home, project.name, stack);
  note(`stack ${project.name}/${stack} was removed from the Pulumi CLI: the offline engine takes it`);
}

function withoutPulumi(home: string, project: string, stack: string): UserError {
  return new UserError(
    `stack ${project}/${stack} was brought up by the Pulumi CLI, and \`pulumi\` is not on PATH: install it (https://www.pulumi.com/docs/install/). ` +
      `If the stack was removed with \`pulumi stack rm\`, take "${stack}" out of ${recordPath(home, project)}`,
  );
}

/** What of pulumi's own flags stands for something that the offline engine does not do. */
const NOT_OFFLINE: Record<string, string> = {
  "--policy-pack": "runs no policy packs",
  "--policy-pack-config": "runs no policy packs",
  "--target": "takes the whole stack, no targets",
  "--target-dependents": "takes the whole stack, no targets",
  "--target-replace": "takes the whole stack, no targets",
  "--exclude": "takes the whole stack, no targets",
};

/** The URNs of `--replace URN`, the one flag of pulumi's that the offline engine takes. @throws {UserError} for any other */
function replaceTargets(args: readonly string[]): string[] {
  const left = [...args];
  const urns: string[] = [];
  while (left[0] === "--replace" || left[0]?.startsWith("--replace=")) {
    const flag = left.shift() as string;
    const urn = flag === "--replace" ? left.shift() : flag.slice("--replace=".length);
    if (!urn?.startsWith("urn:pulumi:"))
      throw new UserError(`--replace ${quoted(urn ?? "")}: must be the URN of a resource, as \`pushpool preview --json\` prints it`);
    urns.push(urn);
  }
  if (left.length > 0) throw refusalOf(left);
  return urns;
}

function refusalOf(args: string[]): UserError {
  for (const arg of args) {
    const [flag = ""] = arg.split("=");
    const why = Object.hasOwn(NOT_OFFLINE, flag) ? NOT_OFFLINE[flag] : undefined;
    if (why) return new UserError(`${flag}: the offline engine ${why}. Leave it out, or use --engine pulumi`);
  }
  return new UserError(
    `"${args.join(" ")}": arguments are handed to pulumi, and the offline engine does this. Leave them out, or use --engine pulumi`,
  );
}

/** Remember that this engine keeps the stack. */
export function keep({ workspace, project, stack, engine }: Operation): void {
  recordEngine(workspace.home, project.name, stack, engine);
}
