import { spawn } from "node:child_process";
import { openHome } from "../home";
import { onPath } from "../manifest";
import { DEFAULT_STACK, type EngineName, engineOf, recordEngine, refuseOtherEngine, selectedStack } from "../stacks";
import { UserError } from "../userError";
import type { Workspace } from "../workspace";
import type { GlobalOptions } from "./program";
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
    throw new UserError(`--stack "${workspace.stack.id}": the project here is ${project.name}`);
  if (wanted !== undefined && wanted !== "pulumi" && wanted !== "offline")
    throw new UserError(`--engine "${wanted}": must be pulumi or offline`);
  const stack = workspace.stack?.stack ?? selectedStack(home, project.name) ?? DEFAULT_STACK;
  const hasPulumi = onPath("pulumi", env);
  if (wanted === "pulumi" && !hasPulumi)
    throw new UserError(
      "--engine pulumi: `pulumi` is not on PATH. Install it (https://www.pulumi.com/docs/install/), or use --engine offline",
    );
  const owner = engineOf(home, project.name, stack);
  const engine = wanted ?? owner ?? (hasPulumi ? "pulumi" : "offline");
  refuseOtherEngine(home, project.name, stack, engine);
  if (engine === "offline" && args.length > 0) throw refusalOf(args);
  openHome(home, { create: true });
  const why = wanted ? "as asked" : owner ? "it keeps this stack" : hasPulumi ? "pulumi is on PATH" : "pulumi is not on PATH";
  if (!json) note(`stack ${project.name}/${stack}, engine ${engine} (${why})`);
  return { workspace, project, stack, engine };
}

/** What of pulumi's own flags stands for something that the offline engine does not do. */
const NOT_OFFLINE: Record<string, string> = {
  "--policy-pack": "runs no policy packs",
  "--policy-pack-config": "runs no policy packs",
  "--target": "takes the whole stack, no targets",
  "--target-dependents": "takes the whole stack, no targets",
  "--target-replace": "takes the whole stack, no targets",
  "--exclude": "takes the whole stack, no targets",
  "--replace": "replaces only what has to be",
};

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

/** Let the Pulumi CLI do it, on this very terminal. Its exit status 0 is ours; anything else is "refused". */
export async function runPulumi(
  { workspace, project, stack }: Operation,
  verb: string,
  { yes, json }: EngineFlags,
  args: string[],
): Promise<void> {
  const organization = workspace.stack?.organization;
  const name = organization === undefined ? stack : `${organization}/${project.name}/${stack}`;
  const argv = [verb, "--stack", name, ...(yes ? ["--yes"] : []), ...(json ? ["--json"] : []), ...args];
  // Ctrl-C reaches pulumi as well, which then winds its operation up: we have to stay until it has.
  const stay = () => {};
  process.on("SIGINT", stay);
  const code = await new Promise<number>((done, fail) => {
    const child = spawn("pulumi", argv, { cwd: project.dir, env: workspace.env, stdio: "inherit" });
    child.on("error", fail);
    child.on("exit", (status) => done(status ?? 1));
  }).finally(() => process.off("SIGINT", stay));
  if (code !== 0) throw new UserError(`\`pulumi ${argv.join(" ")}\` ended with exit status ${code}; what it said is above`, 5);
}

/** Remember that this engine keeps the stack. */
export function keep({ workspace, project, stack, engine }: Operation): void {
  recordEngine(workspace.home, project.name, stack, engine);
}
