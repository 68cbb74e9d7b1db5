import { split } from "shlex";
import { SDK_FLAGS } from "../sdkFlags";
import { type Launch, type ProgramPlace, type ProgramRun, programEnvironment } from "./language";

/** Run a program with the unmodified `@pulumi/pulumi/cmd/run` of its own SDK. */
export function launchNode(run: ProgramRun, { folder, entry }: ProgramPlace): Launch {
  const { project, stack, compileCache } = run;
  const { nodeargs, typescript, tsconfig } = project.runtimeOptions;
  const args = [
    ...SDK_FLAGS,
    ...(typeof nodeargs === "string" ? split(nodeargs) : []),
    ...[run.runner, "--monitor", run.monitor, "--engine", run.engine, "--project", project.name, "--stack", stack],
    ...["--organization", "organization", "--root-directory", project.dir, "--pwd", folder, "--parallel", String(run.parallel)],
    ...(run.dryRun ? ["--dry-run"] : []),
    entry,
  ];
  const env = {
    ...programEnvironment(run),
    NODE_COMPILE_CACHE: compileCache,
    PULUMI_NODEJS_TYPESCRIPT: String(typescript !== false),
    ...(typeof tsconfig === "string" ? { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig } : {}),
  };
  return { command: process.execPath, args, env };
}
