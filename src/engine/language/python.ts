import { existsSync } from "node:fs";
import { join } from "node:path";
import { quoted } from "../../shown";
import { UserError } from "../../userError";
import { type Launch, type ProgramPlace, type ProgramRun, programEnvironment } from "./language";
import { findProjectPython, type ProjectPython } from "./pythonToolchain";
import { runner } from "./runner";

/** The exit code of `run.py` if the Python has no package `pulumi`. */
const NO_SDK = 33;

/** The type checkers that Pulumi can run before a program. */
const TYPECHECKERS = ["mypy", "pyright"] as const;

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
  warnUnchecked(run, python, folder);
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

/**
 * Say that types are not checked. The Pulumi CLI checks them before each run, if the project says so.
 * @throws {UserError} if Pulumi has no such type checker
 */
function warnUnchecked({ project, onEvent }: ProgramRun, { path }: ProjectPython, folder: string): void {
  const { typechecker } = project.runtimeOptions;
  if (typechecker === undefined) return;
  const at = `${project.file}: runtime.options.typechecker`;
  if (!TYPECHECKERS.some((known) => known === typechecker))
    throw new UserError(`${at} ${quoted(typechecker)}: must be ${TYPECHECKERS.join(" or ")}`);
  const message = `${at}: the offline engine does not check types: run \`${path} -m ${typechecker} .\` in ${folder}`;
  onEvent({ kind: "diagnostic", severity: "warning", message });
}
