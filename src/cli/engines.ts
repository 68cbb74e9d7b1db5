import { findProgram } from "../findProgram";
import { openHome } from "../home";
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

/** The project and stack of an operation, and the engine that executes it. */
export interface EngineOperation {
  workspace: Workspace;
  project: { name: string; dir: string };
  stack: string;
  engine: EngineName;
  /** What the arguments after `--` ask for. Only the offline engine uses this; pulumi gets its arguments unchanged. */
  asked: OfflineArguments;
}

/**
 * Choose the project, the stack and the engine, and print them. The engine is that of `--engine`, else the one that manages the stack, else pulumi
 * if it is on PATH, else offline. If all checks succeed, the home folder is made.
 * @param args the arguments after `--`; only pulumi understands them all
 * @throws {UserError} if there is no project, the other engine manages the stack, or the engine does not support the arguments
 */
export function settle(workspace: Workspace, { engine: wanted, json }: EngineFlags, args: string[]): EngineOperation {
  const { project, home, env } = workspace;
  if (!project)
    throw new UserError(`there is no Pulumi.yaml in ${workspace.cwd} or its parents: go to a Pulumi project, or give its folder with -C`);
  if (workspace.stack && workspace.stack.project !== project.name)
    throw new UserError(`--stack ${quoted(workspace.stack.id)}: the project here is ${project.name}`);
  if (wanted !== undefined && wanted !== "pulumi" && wanted !== "offline")
    throw new UserError(`--engine ${quoted(wanted)}: must be pulumi or offline`);
  const stack = workspace.stack?.stack ?? selectedStack(home, project.name) ?? DEFAULT_STACK;
  const hasPulumi = findProgram("pulumi", env) !== undefined;
  if (wanted === "pulumi" && !hasPulumi)
    throw new UserError(
      "--engine pulumi: `pulumi` is not on PATH. Install it (https://www.pulumi.com/docs/install/), or use --engine offline",
    );
  releaseRemoved(workspace, project, stack, wanted);
  const owner = engineOf(home, project.name, stack);
  if (owner === "pulumi" && !hasPulumi) throw withoutPulumi(home, project.name, stack);
  const engine = wanted ?? owner ?? (hasPulumi ? "pulumi" : "offline");
  refuseOtherEngine(home, project.name, stack, engine);
  const asked = offlineArguments(engine === "offline" ? args : []);
  checkInstalled(project.dir);
  openHome(home, { create: true });
  const why = wanted ? "as asked" : owner ? "it manages this stack" : hasPulumi ? "pulumi is on PATH" : "pulumi is not on PATH";
  if (!json) note(`stack ${project.name}/${stack}, engine ${engine} (${why})`);
  return { workspace, project, stack, engine, asked };
}

/** Forget that the Pulumi CLI manages a stack, if the offline engine is requested and `pulumi stack rm` has removed the stack. */
function releaseRemoved({ home, env }: Workspace, project: { name: string; dir: string }, stack: string, wanted: string | undefined): void {
  if (wanted !== "offline" || engineOf(home, project.name, stack) !== "pulumi") return;
  if (pulumiHasStack(project.dir, stack, env) !== false) return;
  forgetStack(home, project.name, stack);
  note(`stack ${project.name}/${stack} was removed from the Pulumi CLI: now the offline engine manages it`);
}

function withoutPulumi(home: string, project: string, stack: string): UserError {
  return new UserError(
    `stack ${project}/${stack} is managed by the Pulumi CLI, but \`pulumi\` is not on PATH: install it (https://www.pulumi.com/docs/install/). ` +
      `If the stack was removed with \`pulumi stack rm\`, remove "${stack}" from ${recordPath(home, project)}`,
  );
}

/** Flags of pulumi for features that the offline engine does not have. */
const NOT_OFFLINE: Record<string, string> = {
  "--policy-pack": "does not run policy packs",
  "--policy-pack-config": "does not run policy packs",
};

/** The flags of pulumi that select resources. The offline engine supports them too. */
const SELECTING: Record<string, (asked: OfflineArguments, urn: string) => void> = {
  "--target": ({ targets }, urn) => targets.push(urn),
  "-t": ({ targets }, urn) => targets.push(urn),
  "--exclude": ({ excludes }, urn) => excludes.push(urn),
  "--replace": ({ replace }, urn) => replace.push(urn),
  "--target-replace": ({ targets, replace }, urn) => {
    targets.push(urn);
    replace.push(urn);
  },
};

/** The flags of pulumi that are on or off, such as `--refresh` or `--refresh=false`. */
const SWITCHES: Record<string, "refresh" | "targetDependents" | "excludeDependents"> = {
  "--refresh": "refresh",
  "-r": "refresh",
  "--target-dependents": "targetDependents",
  "--exclude-dependents": "excludeDependents",
};

/** The arguments after `--` that the offline engine supports. */
export interface OfflineArguments {
  targets: string[];
  targetDependents: boolean;
  excludes: string[];
  excludeDependents: boolean;
  /** To be replaced even if nothing differs. */
  replace: string[];
  /** First update the state to match the real resources. */
  refresh: boolean;
}

/** Read the arguments that the offline engine supports. @throws {UserError} for any other, and for an invalid value */
function offlineArguments(args: readonly string[]): OfflineArguments {
  const asked: OfflineArguments = {
    targets: [],
    targetDependents: false,
    excludes: [],
    excludeDependents: false,
    replace: [],
    refresh: false,
  };
  const left = [...args];
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    const [, flag = "", given] = /^([^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
    const name = Object.hasOwn(SWITCHES, flag) ? SWITCHES[flag] : undefined;
    if (name) asked[name] = isOn(flag, given);
    else if (Object.hasOwn(SELECTING, flag)) SELECTING[flag]?.(asked, urnOf(flag, given ?? left.shift() ?? ""));
    else throw refusalOf([arg, ...left]);
  }
  if (asked.targets.length > 0 && asked.excludes.length > 0)
    throw new UserError("--target and --exclude: give only one of them, because they contradict each other");
  if (asked.targetDependents && asked.targets.length === 0) throw new UserError("--target-dependents: give it with --target");
  if (asked.excludeDependents && asked.excludes.length === 0) throw new UserError("--exclude-dependents: give it with --exclude");
  return asked;
}

function isOn(flag: string, value = "true"): boolean {
  if (value !== "true" && value !== "false") throw new UserError(`${flag}=${quoted(value)}: must be true or false`);
  return value === "true";
}

/** A pattern is allowed where Pulumi allows it: not for `--replace`, which must name what exists. */
function urnOf(flag: string, value: string): string {
  const isPattern = value.includes("*") && flag !== "--replace" && flag !== "--target-replace";
  if (value.startsWith("urn:pulumi:") || isPattern) return value;
  throw new UserError(`${flag} ${quoted(value)}: must be the URN of a resource, as \`pushpool preview --json\` prints it`);
}

function refusalOf(args: string[]): UserError {
  for (const arg of args) {
    const [flag = ""] = arg.split("=");
    const why = Object.hasOwn(NOT_OFFLINE, flag) ? NOT_OFFLINE[flag] : undefined;
    if (why) return new UserError(`${flag}: the offline engine ${why}. Leave it out, or use --engine pulumi`);
  }
  return new UserError(
    `"${args.join(" ")}": these arguments are for pulumi, but the offline engine runs this operation. Leave them out, or use --engine pulumi`,
  );
}

/** Record that this engine manages the stack. */
export function keep({ workspace, project, stack, engine }: EngineOperation): void {
  recordEngine(workspace.home, project.name, stack, engine);
}
