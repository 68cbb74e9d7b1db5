import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { PYTHON_VARIABLE } from "../entrypoint";
import { findProgram } from "../findProgram";
import { upwards } from "../home";
import { UserError } from "../userError";

const run = promisify(execFile);

/** How long a program may take that only says something about a Python, in milliseconds. */
const PATIENCE = 60_000;

/** A Python that has Prefect. */
export interface StepPython {
  path: string;
  /** Its version of Prefect. */
  prefect: string;
  /** Where it was found, for messages. */
  from: string;
}

interface Place {
  /** The folder of the project. */
  folder: string;
  env: NodeJS.ProcessEnv;
}

interface Candidate {
  from: string;
  /** Its path; `undefined` if there is none. */
  find: () => Promise<string | undefined> | string | undefined;
}

/**
 * Find the Python of a project that has Prefect 3. The first of these: `PUSHPOOL_PYTHON`, the active virtual environment, `.venv` in the folder
 * or its parents, the environment of a uv or Poetry project, `python3` on PATH.
 * @returns the Python, or the places that were searched, each with what it has
 * @throws {UserError} if `PUSHPOOL_PYTHON` names a Python that does not exist or has no Prefect
 */
export async function findStepPython(place: Place): Promise<StepPython | { searched: string[] }> {
  const searched: string[] = [];
  const named = place.env[PYTHON_VARIABLE];
  for (const { from, find } of named ? [explicit(named, place)] : candidates(place)) {
    const path = await find();
    if (path === undefined) {
      if (named) throw new UserError(`${from}: there is no such program: name a Python that has Prefect 3, or unset ${PYTHON_VARIABLE}`);
      continue;
    }
    const has = await prefectOf(path, place);
    if ("prefect" in has) return { path, prefect: has.prefect, from };
    if (named) throw new UserError(`${from}: ${has.fault}: \`${path} -m pip install prefect\`, or unset ${PYTHON_VARIABLE}`);
    searched.push(`${path} (${from}) ${has.fault}`);
  }
  return { searched };
}

function explicit(named: string, { folder, env }: Place): Candidate {
  const path = named.includes("/") ? join(named.startsWith("/") ? "/" : folder, named) : named;
  return { from: `${PYTHON_VARIABLE}=${named}`, find: () => findProgram(path, env) };
}

function* candidates({ folder, env }: Place): Generator<Candidate> {
  const active = env.VIRTUAL_ENV;
  if (active) yield { from: "VIRTUAL_ENV", find: () => pythonIn(active) };
  const own = upwards(folder, (at) => pythonIn(join(at, ".venv")) !== undefined);
  if (own !== undefined) yield { from: ".venv", find: () => pythonIn(join(own, ".venv")) };
  const uv = upwards(folder, (at) => existsSync(join(at, "uv.lock")) || mentions(at, "[tool.uv"));
  if (uv !== undefined) yield { from: "uv project", find: () => says("uv", ["python", "find"], uv, env) };
  const poetry = upwards(folder, (at) => existsSync(join(at, "poetry.lock")) || mentions(at, "[tool.poetry"));
  if (poetry !== undefined) yield { from: "poetry env info", find: () => says("poetry", ["env", "info", "--executable"], poetry, env) };
  yield { from: "python3 on PATH", find: () => findProgram("python3", env) };
}

function pythonIn(venv: string): string | undefined {
  const path = join(venv, "bin", "python");
  return existsSync(path) ? path : undefined;
}

function mentions(folder: string, table: string): boolean {
  try {
    return readFileSync(join(folder, "pyproject.toml"), "utf8").includes(table);
  } catch {
    return false;
  }
}

/** The path that a program prints, if it runs and the path exists. */
async function says(program: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const found = findProgram(program, env);
  if (found === undefined) return undefined;
  try {
    const { stdout } = await run(found, args, { cwd, env, timeout: PATIENCE });
    const path = stdout.trim().split("\n").at(-1)?.trim() ?? "";
    return existsSync(path) ? path : undefined;
  } catch {
    // Such a project may have no environment yet.
    return undefined;
  }
}

// Without the folder itself on its path: a folder "prefect" there is not Prefect.
const PROBE = `import sys
sys.path = [path for path in sys.path if path]
from importlib import metadata
try: print(metadata.version("prefect"))
except metadata.PackageNotFoundError: print("none")`;

/** The version of a Python's Prefect, or why it cannot be used. */
async function prefectOf(path: string, { folder, env }: Place): Promise<{ prefect: string } | { fault: string }> {
  try {
    const { stdout } = await run(path, ["-c", PROBE], { cwd: folder, env, timeout: PATIENCE });
    const version = stdout.trim();
    if (/^([3-9]|\d\d)/.test(version)) return { prefect: version };
    return { fault: version === "none" ? "has no Prefect" : `has Prefect ${version}, not 3` };
  } catch (error) {
    const [line = ""] = String((error as { stderr?: string }).stderr ?? "")
      .trim()
      .split("\n")
      .slice(-1);
    return { fault: `does not run${line === "" ? "" : ` (${line})`}` };
  }
}
