import type { EngineEvent } from "../engineEvents";
import type { Project } from "../project";
import type { StackConfig } from "../stackConfig";

/** The parameters of a program run, as Pulumi's language hosts pass them. */
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
  /** The schema of a package, as JSON; `undefined` if its provider serves none. */
  schemaOf(packageName: string): Promise<string | undefined>;
}

/** Where a program is: the folder to run it in, and its file. `entry` is "." if the folder itself is the program. */
export interface ProgramPlace {
  folder: string;
  entry: string;
}

/** The process that runs a program. */
export interface Launch {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** What an exit code of this language's runner says, beyond 32: the program's error was reported already. */
  meanings?: Record<number, string>;
}

/** The environment of any program: its configuration, and no proxy between it and the engine on this machine. */
export function programEnvironment({ config, env }: Pick<ProgramRun, "config" | "env">): NodeJS.ProcessEnv {
  const unproxied = env.no_grpc_proxy ?? env.no_proxy ?? env.NO_PROXY;
  return {
    ...env,
    no_grpc_proxy: [...(unproxied ? [unproxied] : []), "127.0.0.1"].join(","),
    PULUMI_CONFIG: JSON.stringify(config.values),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(config.secretKeys),
  };
}
