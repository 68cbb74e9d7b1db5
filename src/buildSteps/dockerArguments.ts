import { join } from "node:path";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { StepFailure } from "./stepRunner";

export const BUILD_STEP = "prefect_docker.deployments.steps.build_docker_image";
export const PUSH_STEP = "prefect_docker.deployments.steps.push_docker_image";

/** How to build an image with the docker CLI. */
export interface DockerBuild {
  imageName: string;
  tag: string;
  additionalTags: string[];
  /** Whether to write a Dockerfile first, in the working folder. */
  auto: boolean;
  args: string[];
  /** Values of build arguments: docker reads them from its environment, so that they are in no list of processes. */
  env: Record<string, string>;
}

/** How to push an image with the docker CLI. */
export interface DockerPush {
  imageName: string;
  tag: string | null;
  additionalTags: string[];
  credentials?: { username: string; password: string; registry?: string };
}

type Flag = (value: Json, name: string) => string[];

const text =
  (flag: string): Flag =>
  (value, name) => [flag, word(value, name)];
const whether =
  (flag: string): Flag =>
  (value) =>
    isTrue(value) ? [flag] : [];
const each =
  (flag: string): Flag =>
  (value, name) =>
    list(value, name).flatMap((item) => [flag, word(item, name)]);

/** The arguments of docker-py's `build` (https://docker-py.readthedocs.io/en/stable/api.html) as flags of `docker build`. */
const FLAGS: Record<string, Flag> = {
  nocache: whether("--no-cache"),
  quiet: whether("--quiet"),
  squash: whether("--squash"),
  gzip: whether("--compress"),
  forcerm: whether("--force-rm"),
  rm: (value) => [`--rm=${isTrue(value)}`],
  target: text("--target"),
  platform: text("--platform"),
  network_mode: text("--network"),
  isolation: text("--isolation"),
  shmsize: text("--shm-size"),
  cache_from: each("--cache-from"),
  extra_hosts: (value, name) => entries(value, name).flatMap(([host, address]) => ["--add-host", `${host}:${word(address, name)}`]),
  labels: (value, name) =>
    Array.isArray(value)
      ? list(value, name).flatMap((label) => ["--label", word(label, name)])
      : entries(value, name).flatMap(([label, given]) => ["--label", `${label}=${word(given, name)}`]),
  container_limits: (value, name) => entries(value, name).flatMap(([key, limit]) => limitFlag(key, word(limit, name))),
};

/** Settings of docker-py itself, which the CLI does not need. */
const WITHOUT_EFFECT = new Set(["timeout", "decode", "encoding", "use_config_proxy", "ignore_cache"]);

/**
 * Convert the inputs of a `build_docker_image` step to the arguments of `docker build`.
 * @param folder the working folder, docker's context unless `path` names another one
 * @param now for the default tag
 * @throws {StepFailure} if an input is missing or unknown
 */
export function buildArguments(inputs: JsonObject, folder: string, now: Date): DockerBuild {
  const { image_name, dockerfile = "Dockerfile", tag, additional_tags, path, pull = true, buildargs, ...others } = inputs;
  const imageName = word(image_name, "image_name");
  const context =
    path === undefined || path === null ? folder : join(word(path, "path").startsWith("/") ? "/" : folder, word(path, "path"));
  const auto = dockerfile === "auto";
  const file = auto ? "Dockerfile" : word(dockerfile, "dockerfile");
  const tags = list(additional_tags ?? [], "additional_tags").map((one) => word(one, "additional_tags"));
  const chosen = tag ? word(tag, "tag") : defaultTag(now);
  const args = Object.entries(others).flatMap(([name, value]) => {
    if (value === null || WITHOUT_EFFECT.has(name)) return [];
    const flag = FLAGS[name];
    if (!flag) throw new StepFailure(`build_docker_image has no input ${name} that docker build can use: ${Object.keys(FLAGS).join(", ")}`);
    return flag(value, name);
  });
  const build = Object.entries(Array.isArray(buildargs) ? {} : (buildargs ?? {}));
  return {
    imageName,
    tag: chosen,
    additionalTags: tags,
    auto,
    args: [
      "build",
      // As docker-py: a Dockerfile is relative to the context.
      ...["--file", join(file.startsWith("/") ? "/" : context, file)],
      ...[chosen, ...tags].flatMap((one) => ["--tag", `${imageName}:${one}`]),
      ...(isTrue(pull) ? ["--pull"] : []),
      ...build.flatMap(([name, value]) => ["--build-arg", value === null ? `${name}=` : name]),
      ...args,
      context,
    ],
    env: Object.fromEntries(build.filter(([, value]) => value !== null).map(([name, value]) => [name, word(value, "buildargs")])),
  };
}

/**
 * Read the inputs of a `push_docker_image` step.
 * @throws {StepFailure} if an input is missing or unknown
 */
export function pushArguments(inputs: JsonObject): DockerPush {
  const { image_name, tag, credentials, additional_tags, ignore_cache: _, ...others } = inputs;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new StepFailure(`push_docker_image has no input ${unknown}`);
  if (credentials !== undefined && credentials !== null && !isJsonObject(credentials))
    throw new StepFailure("credentials must be a mapping with username, password and registry_url");
  const { username, password, registry_url: registry } = credentials ?? {};
  return {
    imageName: word(image_name, "image_name"),
    tag: tag ? word(tag, "tag") : null,
    additionalTags: list(additional_tags ?? [], "additional_tags").map((one) => word(one, "additional_tags")),
    ...(credentials
      ? {
          credentials: {
            username: word(username, "credentials.username"),
            password: word(password, "credentials.password"),
            ...(registry ? { registry: word(registry, "credentials.registry_url") } : {}),
          },
        }
      : {}),
  };
}

/**
 * The Dockerfile that `dockerfile: auto` makes (`prefect_docker.deployments.steps.build_docker_image`).
 * @param base the image to start from
 * @param folder name of the working folder
 */
export function autoDockerfile(base: string, folder: string, hasRequirements: boolean): string {
  const at = `/opt/prefect/${folder}`;
  const lines = [
    `FROM ${base}`,
    ...(hasRequirements ? [`COPY requirements.txt ${at}/requirements.txt`, `RUN python -m pip install -r ${at}/requirements.txt`] : []),
    `COPY . ${at}/`,
    `WORKDIR ${at}/`,
  ];
  return `${lines.join("\n")}\n`;
}

/**
 * The base image of such a Dockerfile. Prefect takes the versions of the Prefect and the Python that run it.
 * @param prefect the file's `prefect-version`; without a complete version: the newest Prefect 3
 * @param python the version of the project's Python, such as `3.11.2`; without one that Prefect has images for: 3.12
 */
export function autoBase(prefect: string | undefined, python: string | undefined): string {
  const [version = "3"] = /^[3-9]\d*\.\d+\.\d+$/.exec(prefect?.trim() ?? "") ?? [];
  const [, minor = "3.12"] = /^(3\.1[0-4])(?:\.|$)/.exec(python ?? "") ?? [];
  return `prefecthq/prefect:${version}-python${minor}`;
}

/** prefect_docker's default tag, `slugify` of the time: `2026-11-29t10-15-00-123000-00-00`. */
function defaultTag(now: Date): string {
  return `${now.toISOString().replace("Z", "000+00:00")}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

function limitFlag(key: string, value: string): string[] {
  const flag = { memory: "--memory", memswap: "--memory-swap", cpushares: "--cpu-shares", cpusetcpus: "--cpuset-cpus" }[key];
  if (flag === undefined) throw new StepFailure(`container_limits has no ${key}: memory, memswap, cpushares, cpusetcpus`);
  return [flag, value];
}

/** A value on the command line. A value that looks like a flag would be one. */
function word(value: Json | undefined, name: string): string {
  if (value === undefined || value === null || value === "") throw new StepFailure(`${name} is missing`);
  if (typeof value === "object" && !("python" in value))
    throw new StepFailure(`${name} must be a string, not ${JSON.stringify(value).slice(0, 60)}`);
  const text = String(value);
  if (text.startsWith("-") && !/^(buildargs|labels|credentials\.password)$/.test(name))
    throw new StepFailure(`${name} must not begin with "-": ${text.slice(0, 60)}`);
  return text;
}

function list(value: Json, name: string): Json[] {
  if (typeof value === "string") return [value];
  if (!Array.isArray(value)) throw new StepFailure(`${name} must be a list of strings`);
  return value;
}

function entries(value: Json, name: string): [string, Json][] {
  if (!isJsonObject(value)) throw new StepFailure(`${name} must be a mapping`);
  return Object.entries(value);
}

function isTrue(value: Json): boolean {
  return value === true || (typeof value === "string" && /^(true|yes|on|1)$/i.test(value));
}
