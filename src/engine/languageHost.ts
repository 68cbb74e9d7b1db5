import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { createInterface } from "node:readline";
import { split } from "shlex";
import { UserError } from "../userError";
import type { EngineEvent } from "./engineEvents";
import type { Project } from "./project";
import { SDK_FLAGS } from "./sdkFlags";
import type { StackConfig } from "./stackConfig";
import { startSupervised } from "./supervised";

/** The parameters of a program run, as Pulumi's Node language host passes them. */
export interface ProgramRun {
  project: Project;
  stack: string;
  config: StackConfig;
  dryRun: boolean;
  parallel: number;
  monitor: string;
  engine: string;
  /** Path of the `@pulumi/pulumi/cmd/run` to use. */
  runner: string;
  env: NodeJS.ProcessEnv;
  /** The folder for the compile cache of child processes. */
  compileCache: string;
  onEvent: (event: EngineEvent) => void;
}

/** How a program ended. `bail`: the error was reported already. */
export type ProgramEnd =
  | { kind: "ok" }
  | { kind: "bail" }
  | { kind: "failed"; message: string }
  | { kind: "exit"; code: number | null; signal: string | null };

/** The exit code of `cmd/run` if the program's error is logged already. */
const BAIL = 32;

/** Run the program of a project with the unmodified `@pulumi/pulumi/cmd/run`. Its process ends with ours. */
export function startProgram(run: ProgramRun): { ended: Promise<ProgramEnd>; kill(): void } {
  const { project, stack } = run;
  const { nodeargs } = project.runtimeOptions;
  const { folder, entry } = programOf(project);
  const args = [
    ...SDK_FLAGS,
    ...(typeof nodeargs === "string" ? split(nodeargs) : []),
    ...[run.runner, "--monitor", run.monitor, "--engine", run.engine, "--project", project.name, "--stack", stack],
    ...["--organization", "organization", "--root-directory", project.dir, "--pwd", folder, "--parallel", String(run.parallel)],
    ...(run.dryRun ? ["--dry-run"] : []),
    entry,
  ];
  const { child, kill } = startSupervised(process.execPath, args, { cwd: folder, env: environmentOf(run) });
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
      Promise.all(lines).then(() => done(code === 0 ? { kind: "ok" } : code === BAIL ? { kind: "bail" } : { kind: "exit", code, signal }));
    });
  });
  return { ended, kill };
}

/**
 * Find a project's program. `main` names a folder or a file. Without it the program is the project's folder.
 * @throws {UserError} if the runtime is not nodejs, or `main` does not exist
 */
export function programOf({ dir, main, file, runtime }: Project): { folder: string; entry: string } {
  if (runtime !== "nodejs")
    throw new UserError(`${file}: runtime ${runtime}: the offline engine runs only nodejs programs; use --engine pulumi`);
  if (main === undefined) return { folder: dir, entry: "." };
  const path = resolve(dir, main);
  if (!existsSync(path)) throw new UserError(`${file}: main: ${path} does not exist`);
  return statSync(path).isDirectory() ? { folder: path, entry: "." } : { folder: dirname(path), entry: path };
}

function environmentOf({ project, config, env, compileCache }: ProgramRun): NodeJS.ProcessEnv {
  const { typescript, tsconfig } = project.runtimeOptions;
  const unproxied = env.no_grpc_proxy ?? env.no_proxy ?? env.NO_PROXY;
  return {
    ...env,
    NODE_COMPILE_CACHE: compileCache,
    // The engine is on this machine, so the program must reach it without a proxy.
    no_grpc_proxy: [...(unproxied ? [unproxied] : []), "127.0.0.1"].join(","),
    PULUMI_CONFIG: JSON.stringify(config.values),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(config.secretKeys),
    PULUMI_NODEJS_TYPESCRIPT: String(typescript !== false),
    ...(typeof tsconfig === "string" ? { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig } : {}),
  };
}
