import { readFileSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { DockerfileFault, readDockerfile, stageNamed } from "../src/dockerContext";
import { suggestion } from "../src/nearest";
import { quoted } from "../src/shown";
import { type ArgumentNames, checkArguments, checkList, checkMap, checkText, checkVariableNames, type Declared, refuse } from "./checks";

/** The platforms on which the clouds run containers. */
const PLATFORMS = ["linux/amd64", "linux/arm64"] as const;
export type Platform = (typeof PLATFORMS)[number];

/** An image to build and push. */
export interface ImageBuildArgs {
  /**
   * Path of the folder with the Dockerfile and the files that it copies. A relative path begins in the project's folder.
   * @example context: __dirname
   */
  context: string;
  /**
   * Path of the Dockerfile. A relative path begins in the context. By default Dockerfile.
   * @example dockerfile: "docker/flows.Dockerfile"
   */
  dockerfile?: string;
  /**
   * The stage of the Dockerfile to build. By default the last one.
   * @example target: "runtime"
   */
  target?: string;
  /**
   * Build arguments by name, for the ARG instructions of the Dockerfile. They stay in the image's history, so a secret is refused: use
   * secrets. By default none.
   * @example args: { PYTHON: "3.12" }
   */
  args?: Record<string, pulumi.Input<string>>;
  /**
   * Build secrets by id, which a RUN instruction reads with `--mount=type=secret,id=ID`. The image does not contain them. A change of a
   * secret builds the image again. By default none.
   * @example secrets: { PIP_INDEX_URL: config.requireSecret("pipIndexUrl") }
   */
  secrets?: Record<string, pulumi.Input<string>>;
  /**
   * The platforms to build for: linux/amd64, linux/arm64. The one that runs the image must be among them. By default only that one.
   * @example platforms: ["linux/amd64", "linux/arm64"]
   */
  platforms?: string[];
  /**
   * The image's name before the tag, in an existing repository of the cloud. By default a name in the repository of the pool, which makes
   * one if it has none. A FlowImage needs it.
   * @example repository: "europe-west1-docker.pkg.dev/acme-data/flows/etl"
   */
  repository?: pulumi.Input<string>;
}

const IMAGE_BUILD_ARGUMENTS: ArgumentNames<ImageBuildArgs> = {
  context: "required",
  dockerfile: "optional",
  target: "optional",
  args: "optional",
  secrets: "optional",
  platforms: "optional",
  repository: "optional",
};

/** Where an image runs. */
export interface RunsOn {
  platform: Platform;
  /** Who says so, in a message: `Cloud Run runs only linux/amd64`. */
  reason: string;
}

/**
 * Check an image to build, with its Dockerfile.
 * @param at the path of the argument, such as `image`
 * @throws {pulumi.ResourceError} with the field and the fix
 */
export function checkImageBuild(at: string, build: ImageBuildArgs, { platform, reason }: RunsOn, of: Declared): void {
  checkArguments(at, build, IMAGE_BUILD_ARGUMENTS, of);
  const { context, target, args, secrets, platforms, repository } = build;
  for (const field of ["context", "dockerfile", "target"] as const) checkKnownText(`${at}.${field}`, build[field], of);
  if (!isFolder(context))
    refuse(`${at}.context ${quoted(context)} must be an existing folder: there is no folder ${quoted(resolve(context))}`, of);
  checkDockerfile(at, build, target, of);
  for (const [field, values] of [
    [`${at}.args`, args],
    [`${at}.secrets`, secrets],
  ] as const) {
    checkMap(field, values, of);
    for (const [name, value] of Object.entries(values ?? {})) checkValue(`${field}.${name}`, value, of);
  }
  checkVariableNames(`${at}.args`, args, of);
  checkList(`${at}.platforms`, platforms, (field, item) => checkPlatform(field, item, of), of);
  if (platforms !== undefined && !platforms.includes(platform))
    refuse(
      `${at}.platforms must contain ${platform}, not only ${platforms.join(", ") || "nothing"}: ${reason}. By default only ${platform} is built`,
      of,
    );
  checkRepository(`${at}.repository`, repository, of);
}

/** The path of the Dockerfile, as it can be opened here. */
export function dockerfileOf({ context, dockerfile = "Dockerfile" }: ImageBuildArgs): string {
  return resolve(context, dockerfile);
}

/**
 * A path as the stack's state may contain it. From the project's folder, it is the same on every machine.
 */
export function portable(path: string): string {
  return relative(process.cwd(), resolve(path)) || ".";
}

/** The argument as the stack's state may contain it: with its secrets marked, and without this machine's own paths. */
export function asRegistered(build: ImageBuildArgs): ImageBuildArgs {
  const { context, secrets } = build;
  return { ...build, context: portable(context), ...(secrets ? { secrets: marked(secrets) } : {}) };
}

/** The last part of an image's name, for a pool of this name. */
export function imageName(name: string): string {
  const words = name.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return words.join("-") || "flows";
}

/** The values of build secrets, marked as secrets. */
export function marked(secrets: Record<string, pulumi.Input<string>>): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, pulumi.secret(value)]));
}

/**
 * Return build arguments unchanged if none is secret.
 * @throws {pulumi.ResourceError} with the first secret one
 */
export async function argsInClear(
  at: string,
  args: Record<string, pulumi.Input<string>>,
  of: Declared,
): Promise<Record<string, pulumi.Input<string>>> {
  for (const [name, value] of Object.entries(args)) {
    if (!pulumi.Output.isInstance(value) || !(await pulumi.isSecret(value as pulumi.Output<string>))) continue;
    refuse(
      `${at}.args.${name} is secret, but a build argument stays in the image's history: give it in ${at}.secrets, and read it with RUN --mount=type=secret,id=${name}`,
      of,
    );
  }
  return args;
}

function checkDockerfile(at: string, build: ImageBuildArgs, target: string | undefined, of: Declared): void {
  const path = dockerfileOf(build);
  const shown = quoted(build.dockerfile ?? "Dockerfile");
  const text = readIfThere(path);
  if (text === undefined)
    refuse(`${at}.dockerfile ${shown} does not exist: there is no file ${quoted(path)}. A relative path begins in ${at}.context`, of);
  try {
    const file = readDockerfile(text);
    if (target === undefined || stageNamed(file, target)) return;
    const names = file.stages.flatMap(({ name }) => name ?? []);
    const advice = names.length > 0 ? suggestion(target, names) : "it names no stage, such as FROM python:3.12-slim AS runtime";
    refuse(`${at}.target ${quoted(target)} is not a stage of ${shown}: ${advice}`, of);
  } catch (error) {
    if (error instanceof DockerfileFault) refuse(`${at}.dockerfile ${shown} is invalid: ${error.message}`, of);
    throw error;
  }
}

function checkKnownText(field: string, value: unknown, of: Declared): void {
  checkText(field, value, of);
  if (value !== undefined && typeof value !== "string") refuse(`${field} must be a string that is known while the program runs`, of);
}

/** The value itself may be a secret: a message shows only its kind. */
function checkValue(field: string, value: unknown, of: Declared): void {
  if (typeof value === "string" || pulumi.Output.isInstance(value) || value instanceof Promise) return;
  refuse(`${field} must be a string, not a ${value === null ? "null" : typeof value}`, of);
}

function checkPlatform(field: string, value: unknown, of: Declared): void {
  if (!PLATFORMS.includes(value as Platform)) refuse(`${field} must be ${PLATFORMS.join(" or ")}, not ${quoted(value)}`, of);
}

function checkRepository(field: string, value: unknown, of: Declared): void {
  checkText(field, value, of);
  if (typeof value !== "string") return;
  const name = value.slice(value.indexOf("/") + 1);
  if (/[:@]/.test(name)) refuse(`${field} ${quoted(value)} must have no tag and no digest: the image's content is its tag`, of);
  if (!/^[^/\s]+(\/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)+$/.test(value))
    refuse(`${field} ${quoted(value)} must be a registry and a name of lowercase letters, digits and . _ - / between them`, of);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function readIfThere(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, "utf8") : undefined;
}
