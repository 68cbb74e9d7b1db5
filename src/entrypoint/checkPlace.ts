import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { findProgram } from "../findProgram";
import type { Json, Value, ValueObject } from "../json";
import type { PoolType } from "../model/poolType";
import { childEnvironment } from "../targets/childEnvironment";
import { UserError } from "../userError";
import { DEFAULT_PYTHON, PYTHON_VARIABLE } from "./command";
import { parseEntrypoint } from "./parseEntrypoint";
import { plainFolders, stepName } from "./pullSteps";

/** An entrypoint that is about to be submitted. */
export interface EntrypointPlace {
  /** The path of the deployment, for messages. */
  at: string;
  entrypoint: string;
  pullSteps: readonly Json[];
  poolType: PoolType;
  /** The job configuration for the target. */
  job: ValueObject;
  /** The caller's environment. */
  env: NodeJS.ProcessEnv;
}

/**
 * Refuse an entrypoint that cannot run at its target, before anything is sent. For `process:push`, everything is checked, because the run is on
 * this machine. For a container, only the pull steps are checked: whether the image has Prefect, if they need it.
 * @throws {UserError} with the path, and what to do
 */
export function checkPlace(place: EntrypointPlace): void {
  if (place.poolType === "process:push") checkHere(place);
  else checkImage(place);
}

function checkHere({ at, entrypoint, pullSteps, job, env }: EntrypointPlace): void {
  const own = texts((job.env ?? {}) as ValueObject);
  const childEnv = childEnvironment(env, own);
  const python = own[PYTHON_VARIABLE] ?? DEFAULT_PYTHON;
  const start = typeof job.working_dir === "string" ? resolve(job.working_dir) : undefined;
  if (!findProgram(python.includes("/") ? resolve(start ?? "/", python) : python, childEnv)) {
    throw new UserError(
      `${at}.entrypoint: ${python}, which runs it, is not on its PATH: install Python 3.9 or newer, or name another Python in its job variable env.${PYTHON_VARIABLE}`,
    );
  }
  const folders = plainFolders(pullSteps);
  if (!folders) {
    // This checks the same Python in the same environment as the run.
    const probe = "import importlib.util,sys;sys.exit(importlib.util.find_spec('prefect') is None)";
    const { status } = spawnSync(python, ["-c", probe], { ...(start ? { cwd: start } : {}), env: childEnv, stdio: "ignore" });
    if (status !== 0)
      throw new UserError(
        `${at}.pullSteps: ${needing(pullSteps)} needs Prefect, but ${python} does not have it: \`${python} -m pip install prefect\`, or name a Python that has it in its job variable env.${PYTHON_VARIABLE}`,
      );
    return;
  }
  const folder = folders.reduce<string | undefined>(
    (at, next) => (at === undefined && !isAbsolute(next) ? at : resolve(at ?? "/", next)),
    start,
  );
  checkFile(at, entrypoint, folder);
}

function checkFile(at: string, entrypoint: string, folder: string | undefined): void {
  const parsed = parseEntrypoint(entrypoint);
  if ("fault" in parsed || parsed.kind !== "file") return;
  if (folder === undefined && !isAbsolute(parsed.path)) {
    throw new UserError(
      `${at}.entrypoint: the run would look for ${parsed.path} in an empty folder: set the job variable working_dir, of the pool or the deployment, to the folder of the file`,
    );
  }
  const file = resolve(folder ?? "/", parsed.path);
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new UserError(`${at}.entrypoint: there is no file ${file}`);
}

/** Only Prefect's own images are known to have Prefect. */
function checkImage({ at, pullSteps, job }: EntrypointPlace): void {
  if (plainFolders(pullSteps)) return;
  const images = [...imagesOf(job)];
  if (images.length > 0 && images.every((image) => /^(docker\.io\/)?prefecthq\/prefect([:@-]|$)/.test(image))) return;
  throw new UserError(
    `${at}.pullSteps: ${needing(pullSteps)} needs Prefect, and pushpool cannot check whether ${images.find((image) => !image.includes("{{")) ?? "the image"} has it: use a prefecthq/prefect image, or put the code into the image and remove the pull steps`,
  );
}

function* imagesOf(value: Value): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "image" && typeof inner === "string") yield inner;
    else yield* imagesOf(inner as Value);
  }
}

function needing(steps: readonly Json[]): string {
  return stepName(steps.find((step) => !plainFolders([step])) ?? null);
}

/** The values that are not secret. The variables that are needed here never are. */
function texts(env: ValueObject): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
