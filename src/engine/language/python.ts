import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../userError";
import { type Launch, type ProgramPlace, type ProgramRun, programEnvironment } from "./language";
import { findProjectPython } from "./pythonToolchain";
import { runner } from "./runner";

/** The exit code of `run.py` if the Python has no package `pulumi`. */
const NO_SDK = 33;

/**
 * Run a program with the package `pulumi` of the project's own Python.
 * @throws {UserError} if the folder has no `__main__.py`, or the project has no Python
 */
export async function launchPython(run: ProgramRun, { folder, entry }: ProgramPlace): Promise<Launch> {
  const { project, stack, dryRun, parallel, monitor, engine } = run;
  if (entry === "." && !existsSync(join(folder, "__main__.py")))
    throw new UserError(
      `${project.file}: runtime python: there is no __main__.py in ${folder}. Write it, or name the program's file in main`,
    );
  const python = await findProjectPython({ ...project, folder, env: run.env });
  const settings = {
    ...{ monitor, engine, project: project.name, stack, parallel, dry_run: dryRun },
    ...{ organization: "organization", root_directory: project.dir },
  };
  return {
    command: python.path,
    // -u: lines that the program prints are shown at once.
    args: ["-u", "-c", runner, JSON.stringify(settings), entry],
    env: programEnvironment({ ...run, env: python.env }),
    meanings: { [NO_SDK]: `the Python package pulumi is not installed for ${python.path}: run \`${python.install} pulumi\` in ${folder}` },
  };
}
