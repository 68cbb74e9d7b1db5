import { spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import type { Json, Value, ValueObject } from "../json";
import type { PoolType } from "../model/poolType";
import { childEnvironment } from "../targets/childEnvironment";
import { UserError } from "../userError";
import { DEFAULT_PYTHON, PYTHON_VARIABLE } from "./command";
import { parseEntrypoint } from "./parse";
import { plainFolders, stepName } from "./pullSteps";

/** An entrypoint that is about to be sent. */
export interface Place {
  /** Path of the deployment, for messages. */
  at: string;
  entrypoint: string;
  pullSteps: readonly Json[];
  poolType: PoolType;
  /** The job configuration as the target has it. */
  job: ValueObject;
  /** The caller's environment. */
  env: NodeJS.ProcessEnv;
}

/**
 * Refuse, before anything is sent, an entrypoint that could not run where it goes, as far as that can be known from here: everything for
 * `process:push`, whose place is this machine; of a container only whether its pull steps have the Prefect that they need.
 * @throws {UserError} naming the path, and what to do
 */
export function checkPlace(place: Place): void {
  if (place.poolType === "process:push") checkHere(place);
  else checkImage(place);
}

function checkHere({ at, entrypoint, pullSteps, job, env }: Place): void {
  const own = texts((job.env ?? {}) as ValueObject);
  const childEnv = childEnvironment(env, own);
  const python = own[PYTHON_VARIABLE] ?? DEFAULT_PYTHON;
  const start = typeof job.working_dir === "string" ? resolve(job.working_dir) : undefined;
  if (!findProgram(python, childEnv.PATH ?? "", start)) {
    throw new UserError(
      `${at}.entrypoint: it runs with ${python}, and there is none on its PATH: install Python 3.9 or newer, or name another one by env.${PYTHON_VARIABLE} in its job variables`,
    );
  }
  const folders = plainFolders(pullSteps);
  if (!folders) {
    // Asked of the very Python that will run, in the environment that it will have.
    const probe = "import importlib.util,sys;sys.exit(importlib.util.find_spec('prefect') is None)";
    const { status } = spawnSync(python, ["-c", probe], { ...(start ? { cwd: start } : {}), env: childEnv, stdio: "ignore" });
    if (status !== 0)
      throw new UserError(
        `${at}.pullSteps: ${needing(pullSteps)} needs Prefect, and ${python} has none: \`${python} -m pip install prefect\`, or name a Python that has it by env.${PYTHON_VARIABLE} in its job variables`,
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
      `${at}.entrypoint: ${parsed.path} would be looked for in an empty folder: say by the job variable working_dir, of the pool or the deployment, which folder it is in`,
    );
  }
  const file = resolve(folder ?? "/", parsed.path);
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new UserError(`${at}.entrypoint: there is no file ${file}`);
}

/** Prefect's own images have Prefect; what any other holds cannot be known from here. */
function checkImage({ at, pullSteps, job }: Place): void {
  if (plainFolders(pullSteps)) return;
  const images = [...imagesOf(job)];
  if (images.length > 0 && images.every((image) => /^(docker\.io\/)?prefecthq\/prefect([:@-]|$)/.test(image))) return;
  throw new UserError(
    `${at}.pullSteps: ${needing(pullSteps)} needs Prefect, and whether ${images.find((image) => !image.includes("{{")) ?? "the image"} has it cannot be known from here: run on an image of prefecthq/prefect, or put the code into the image and leave the pull steps out`,
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

function findProgram(name: string, path: string, folder: string | undefined): boolean {
  const places = name.includes("/") ? [resolve(folder ?? "/", name)] : path.split(delimiter).map((entry) => join(entry || ".", name));
  return places.some((file) => {
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

/** The values that are no secrets: what is looked for here is none. */
function texts(env: ValueObject): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
