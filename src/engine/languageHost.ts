import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { UserError } from "../userError";
import type { EngineEvent } from "./events";
import type { Project } from "./project";
import type { StackConfig } from "./stackConfig";

/** What a program run is told, as Pulumi's Node language host tells it. */
export interface ProgramRun {
  project: Project;
  stack: string;
  config: StackConfig;
  dryRun: boolean;
  parallel: number;
  monitor: string;
  engine: string;
  env: NodeJS.ProcessEnv;
  /** Where the compiled code of children is kept between runs. */
  compileCache: string;
  onEvent: (event: EngineEvent) => void;
}

/** How a program ended. `bail`: it, or we, have said why already. */
export type ProgramEnd = { kind: "ok" } | { kind: "bail" } | { kind: "exit"; code: number | null; signal: string | null };

/** `cmd/run` exits with this when the program's error is logged already. */
const BAIL = 32;

/**
 * Run the program of a project by the unmodified `@pulumi/pulumi/cmd/run` of its own `node_modules`.
 * @throws {UserError} if the project is not one for Node, or @pulumi/pulumi is not installed
 */
export function startProgram(run: ProgramRun): { ended: Promise<ProgramEnd>; kill(): void } {
  const { project, stack, config, env } = run;
  if (project.runtime !== "nodejs")
    throw new UserError(`${project.file}: runtime ${project.runtime}: the offline engine runs nodejs programs; use --engine pulumi`);
  const { folder, entry } = programOf(project);
  const args = [
    ...["--monitor", run.monitor, "--engine", run.engine, "--project", project.name, "--stack", stack, "--organization", "organization"],
    ...["--root-directory", project.dir, "--pwd", folder, "--parallel", String(run.parallel)],
    ...(run.dryRun ? ["--dry-run"] : []),
    entry,
  ];
  const typescript = project.runtimeOptions.typescript !== false;
  const child = spawn(process.execPath, [findCmdRun(folder), ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...env,
      NODE_COMPILE_CACHE: run.compileCache,
      PULUMI_CONFIG: JSON.stringify(config.values),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(config.secretKeys),
      PULUMI_NODEJS_TYPESCRIPT: String(typescript),
    },
  });
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
  return { ended, kill: () => child.kill("SIGKILL") };
}

/** `main` names a folder or a file; without it the program is the project's folder. */
function programOf({ dir, main, file }: Project): { folder: string; entry: string } {
  if (main === undefined) return { folder: dir, entry: "." };
  const path = resolve(dir, main);
  if (!existsSync(path)) throw new UserError(`${file}: main: there is no ${path}`);
  return statSync(path).isDirectory() ? { folder: path, entry: "." } : { folder: dirname(path), entry: path };
}

function findCmdRun(folder: string): string {
  try {
    return createRequire(join(folder, "program.js")).resolve("@pulumi/pulumi/cmd/run");
  } catch {
    throw new UserError(`@pulumi/pulumi is not installed for the program in ${folder}: run \`npm install @pulumi/pulumi\` there`);
  }
}
