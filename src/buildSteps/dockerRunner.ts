import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { isJsonObject, type JsonObject } from "../json";
import { autoBase, autoDockerfile, BUILD_STEP, buildArguments, type DockerPush, PUSH_STEP, pushArguments } from "./dockerArguments";
import { outputLines } from "./outputLines";
import { unlessInterrupted } from "./processGroup";
import { renderInputs } from "./renderInputs";
import { StepFailure, type StepPlace, type StepRunner, type StepState } from "./stepRunner";

/** The versions for the base image of an automatic Dockerfile. */
export interface AutoVersions {
  /** The file's `prefect-version`. */
  prefect?: string;
  python?: string;
}

/** Whether the docker CLI can do a step without Prefect. */
export function isDockerStep(name: string): boolean {
  return name === BUILD_STEP || name === PUSH_STEP;
}

/**
 * Does the steps of `prefect_docker` with the docker CLI, for machines without Prefect. They have the same inputs and outputs.
 * @param docker path of the CLI
 */
export function dockerRunner(docker: string, place: StepPlace, versions: AutoVersions): StepRunner {
  return {
    run: async (step, before) => {
      const inputs = renderInputs(step, before, place);
      const work = step.name === BUILD_STEP ? build : push;
      const own = await work(inputs, { docker, folder: before.folder, place, versions });
      const outputs = { ...before.outputs, ...(step.id === undefined ? {} : { [step.id]: own }), ...own };
      return { outputs, own, folder: before.folder } satisfies StepState;
    },
    close: async () => {},
  };
}

interface Docker {
  docker: string;
  folder: string;
  place: StepPlace;
  versions: AutoVersions;
}

async function build(inputs: JsonObject, at: Docker): Promise<JsonObject> {
  const { imageName, tag, additionalTags, auto, args, env } = buildArguments(inputs, at.folder, new Date());
  const scratch = mkdtempSync(join(tmpdir(), "pushpool-build-"));
  const idFile = join(scratch, "id");
  const dockerfile = join(at.folder, "Dockerfile");
  if (auto && existsSync(dockerfile))
    throw new StepFailure("a Dockerfile already exists: name it instead of dockerfile: auto, or remove it");
  try {
    if (auto) {
      const base = autoBase(at.versions.prefect, at.versions.python);
      writeFileSync(dockerfile, autoDockerfile(base, basename(at.folder), existsSync(join(at.folder, "requirements.txt"))));
    }
    await call(at, ["build", "--iidfile", idFile, ...args.slice(1)], { env });
    return {
      image_name: imageName,
      tag,
      image: `${imageName}:${tag}`,
      image_id: readFileSync(idFile, "utf8").trim(),
      additional_tags: additionalTags,
    };
  } finally {
    if (auto) unlinkSync(dockerfile);
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function push(inputs: JsonObject, at: Docker): Promise<JsonObject> {
  const given = pushArguments(inputs);
  const { imageName, tag, additionalTags, credentials } = given;
  const all = async (env: Record<string, string>) => {
    // Without a tag, docker-py pushes every tag of the image.
    await call(at, tag === null ? ["push", "--all-tags", imageName] : ["push", `${imageName}:${tag}`], { env });
    for (const one of additionalTags) await call(at, ["push", `${imageName}:${one}`], { env });
  };
  if (credentials) await loggedIn(credentials, at, all);
  else await all({});
  return { image_name: imageName, tag, image: `${imageName}:${tag ?? "None"}`, additional_tags: additionalTags };
}

/** Log in only for this push: the user's own docker configuration stays as it is. */
async function loggedIn(
  { username, password, registry }: NonNullable<DockerPush["credentials"]>,
  at: Docker,
  work: (env: Record<string, string>) => Promise<void>,
): Promise<void> {
  const own = at.place.env.DOCKER_CONFIG ?? join(at.place.env.HOME ?? homedir(), ".docker");
  const scratch = mkdtempSync(join(tmpdir(), "pushpool-docker-"));
  const env = { DOCKER_CONFIG: scratch };
  try {
    // Its contexts and plugins say how to reach docker.
    for (const entry of existsSync(own) ? readdirSync(own) : [])
      if (entry !== "config.json") symlinkSync(join(own, entry), join(scratch, entry));
    writeFileSync(join(scratch, "config.json"), JSON.stringify(withoutStores(join(own, "config.json"))), { mode: 0o600 });
    const login = ["login", "--username", username, "--password-stdin", ...(registry === undefined ? [] : [registry])];
    await call(at, login, { env, input: password });
    await work(env);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A credential store would keep the login after this push. */
function withoutStores(file: string): JsonObject {
  try {
    const config: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (!isJsonObject(config)) return {};
    const { credsStore: _, credHelpers: __, ...others } = config as JsonObject;
    return others;
  } catch {
    return {};
  }
}

/** Run docker, with its output passed on. @throws {StepFailure} with its exit code and its last line */
async function call(
  { docker, folder, place }: Docker,
  args: string[],
  { env = {}, input = "" }: { env?: Record<string, string>; input?: string },
): Promise<void> {
  let last = "";
  const tell = (line: string) => {
    if (line.trim() !== "") last = line.trim();
    place.output(line);
  };
  const child = spawn(docker, args, { cwd: folder, env: { ...place.env, ...env }, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  for (const stream of [child.stdout, child.stderr]) outputLines(stream, "", tell);
  const ended = new Promise<string | undefined>((done) => {
    child.once("error", ({ message }) => done(`docker does not start: ${message}`));
    child.once("close", (code, signal) => {
      const how = signal === null ? `failed with exit code ${code}` : `was killed by ${signal}`;
      done(code === 0 ? undefined : `docker ${args[0]} ${how}${last === "" ? "" : `: ${last}`}`);
    });
  });
  const fault = await unlessInterrupted(place.interrupted, child, ended);
  if (fault !== undefined) throw new StepFailure(fault);
}
