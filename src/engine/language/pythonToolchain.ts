import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { findProgram } from "../../findProgram";
import { upwards } from "../../home";
import { quoted } from "../../shown";
import { UserError } from "../../userError";
import type { Project } from "../project";

const run = promisify(execFile);

/** The Python of a project. */
export interface ProjectPython {
  /** Path of the interpreter. */
  path: string;
  /** The environment in which its virtual environment is active. */
  env: NodeJS.ProcessEnv;
  /** The command that installs a package for it, without the package's name. */
  install: string;
}

type Place = Pick<Project, "dir" | "file" | "runtimeOptions"> & { folder: string; env: NodeJS.ProcessEnv };

const TOOLCHAINS = ["pip", "poetry", "uv"] as const;

/**
 * Find the Python of a project as Pulumi does (sdk/python/toolchain): by the options `toolchain` and `virtualenv` of its runtime. Without
 * `toolchain`, a `uv.lock` or `poetry.lock` in the program's folder or its parents says which; else pip. uv brings its environment up to date.
 * @throws {UserError} if an option is wrong, or there is no such environment
 */
export async function findProjectPython(place: Place): Promise<ProjectPython> {
  const { toolchain, virtualenv } = place.runtimeOptions;
  if (toolchain !== undefined && !TOOLCHAINS.some((known) => known === toolchain))
    throw new UserError(`${place.file}: runtime.options.toolchain ${quoted(toolchain)}: must be ${TOOLCHAINS.join(", ")}`);
  if (virtualenv !== undefined && typeof virtualenv !== "string")
    throw new UserError(`${place.file}: runtime.options.virtualenv ${quoted(virtualenv)}: must be the path of a folder`);
  switch (toolchain ?? detected(place.folder)) {
    case "uv":
      return uvPython(place, virtualenv);
    case "poetry":
      return poetryPython(place);
    default:
      return pipPython(place, virtualenv);
  }
}

function detected(folder: string): (typeof TOOLCHAINS)[number] {
  const has = (file: string) => upwards(folder, (at) => existsSync(join(at, file))) !== undefined;
  return has("uv.lock") ? "uv" : has("poetry.lock") ? "poetry" : "pip";
}

function pipPython({ dir, file, env }: Place, virtualenv: string | undefined): ProjectPython {
  if (virtualenv) {
    const venv = resolve(dir, virtualenv);
    const python = activated(venv, env, `${join(venv, "bin", "python")} -m pip install`);
    if (python) return python;
    const how = `python3 -m venv ${venv} && ${venv}/bin/pip install -r requirements.txt`;
    throw new UserError(`${file}: runtime.options.virtualenv: ${venv} is not a virtual environment: make it with \`${how}\``);
  }
  const names = env.PULUMI_PYTHON_CMD ? [env.PULUMI_PYTHON_CMD] : ["python3", "python"];
  const path = names.map((name) => findProgram(name, env)).find((found) => found !== undefined);
  if (path === undefined)
    throw new UserError(`${file}: runtime python: ${names.join(" and ")} ${names.length > 1 ? "are" : "is"} not on PATH: install Python`);
  return { path, env, install: `${path} -m pip install` };
}

async function uvPython({ dir, folder, file, env }: Place, virtualenv: string | undefined): Promise<ProjectPython> {
  const uv = findProgram("uv", env);
  const project = ["uv.lock", "pyproject.toml"].map((name) => upwards(folder, (at) => existsSync(join(at, name)))).find(Boolean) ?? folder;
  const venv = virtualenv ? resolve(dir, virtualenv) : resolve(project, env.UV_PROJECT_ENVIRONMENT || ".venv");
  if (uv !== undefined && existsSync(join(project, "pyproject.toml"))) {
    // Like `uv run`: packages that the project does not name stay.
    const synced = run(uv, ["sync", "--inexact", "--quiet"], { cwd: folder, env: { ...env, UV_PROJECT_ENVIRONMENT: venv } });
    await synced.catch((error: { stderr?: string; message: string }) => {
      throw new UserError(`\`uv sync --inexact\` in ${folder} failed: ${error.stderr?.trim() || error.message}`, 5);
    });
  }
  const python = activated(venv, env, "uv add");
  if (python) return python;
  const fix = uv === undefined ? "install uv (https://docs.astral.sh/uv/), and run `uv sync`" : "run `uv sync`";
  throw new UserError(`${file}: runtime python with uv: ${venv} is not a virtual environment: ${fix} in ${project}`);
}

async function poetryPython({ folder, file, env }: Place): Promise<ProjectPython> {
  const poetry = findProgram("poetry", env);
  if (poetry === undefined)
    throw new UserError(`${file}: runtime python with poetry: poetry is not on PATH: install it, or set runtime.options.toolchain to pip`);
  const { stdout } = await run(poetry, ["env", "info", "--path"], { cwd: folder, env }).catch(() => ({ stdout: "" }));
  const python = stdout.trim() === "" ? undefined : activated(stdout.trim(), env, "poetry add");
  if (python) return python;
  throw new UserError(`${file}: runtime python with poetry: the project has no environment yet: run \`poetry install\` in ${folder}`);
}

/** The Python of a virtual environment, if there is one. */
function activated(venv: string, env: NodeJS.ProcessEnv, install: string): ProjectPython | undefined {
  const bin = join(venv, "bin");
  const path = join(bin, "python");
  if (!existsSync(path)) return undefined;
  const { PYTHONHOME: _, ...rest } = env;
  return { path, install, env: { ...rest, VIRTUAL_ENV: venv, PATH: [bin, ...(env.PATH ? [env.PATH] : [])].join(delimiter) } };
}
