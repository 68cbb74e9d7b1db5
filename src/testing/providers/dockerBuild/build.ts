import { createHash } from "node:crypto";
import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import {
  contextFiles,
  type Dockerfile,
  type Instruction,
  ignoreRules,
  readDockerfile,
  type Stage,
  stageNamed,
} from "../../../dockerContext";
import type { ImageInputs } from "./imageInputs";

/** The provider's own hash of the Dockerfile and of all files that are sent to the builder, with their whole modes. */
export function contextHash({ context, dockerfile }: Pick<ImageInputs, "context" | "dockerfile">): string {
  const hash = createHash("sha256");
  hash.update(readFileSync(dockerfile));
  for (const path of contextFiles(context, ignoreRules(context, dockerfile))) {
    const file = join(context, path);
    const stats = lstatSync(file);
    hash.update(stats.isSymbolicLink() ? readlinkSync(file) : readFileSync(file));
    hash.update(path).update(String(stats.mode));
  }
  return hash.digest("hex");
}

/**
 * Build the target's stages: check everything that BuildKit refuses without running a command.
 * @returns a string that differs if the image would differ
 * @throws {Error} in BuildKit's words
 */
export function build(image: ImageInputs): string {
  const { context, dockerfile, target, buildArgs, secrets, platforms } = image;
  const file = readDockerfile(readFileSync(dockerfile, "utf8"));
  const last = target === undefined ? file.stages.at(-1) : stageNamed(file, target);
  if (!last) throw new Error(`failed to solve: target stage "${target}" could not be found`);
  const files = contextFiles(context, ignoreRules(context, dockerfile));
  for (const stage of neededBy(file, last)) {
    for (const instruction of stage.instructions) {
      if (instruction.name === "COPY" || instruction.name === "ADD") checkSources(instruction, files, file);
      if (instruction.name === "RUN") checkSecrets(instruction, secrets);
    }
  }
  return JSON.stringify([contextHash(image), target ?? "", buildArgs, secrets, platforms]);
}

/** The files of the context, if the last stage copies all of them into its working directory. */
export function filesOf({ context, dockerfile, target }: ImageInputs): ReadonlyMap<string, Buffer> {
  const file = readDockerfile(readFileSync(dockerfile, "utf8"));
  const last = target === undefined ? file.stages.at(-1) : stageNamed(file, target);
  const isWhole = last?.instructions.some(({ name, flags, rest }) => name === "COPY" && flags.length === 0 && /^\.\s+\.\/?$/.test(rest));
  if (!isWhole) return new Map();
  const files = contextFiles(context, ignoreRules(context, dockerfile));
  return new Map(files.map((path) => [path, readFileSync(join(context, path))]));
}

/** A stage, and those that it is built from or copies from. */
function neededBy(file: Dockerfile, stage: Stage): Stage[] {
  const needed = new Set<Stage>();
  const visit = (one: Stage) => {
    if (needed.has(one)) return;
    needed.add(one);
    const froms = one.instructions.flatMap(({ flags }) => flags.filter(([name]) => name === "from").map(([, value]) => value));
    for (const name of [one.base, ...froms]) {
      const other = stageNamed(file, name);
      if (other) visit(other);
    }
  };
  visit(stage);
  return [...needed];
}

function checkSources({ flags, rest, name, line }: Instruction, files: readonly string[], file: Dockerfile): void {
  const from = flags.find(([flag]) => flag === "from")?.[1];
  if (from !== undefined) {
    // A name that is not a stage must be an image with a slash, a dot or a tag. Otherwise it is a typing error.
    if (!stageNamed(file, from) && !/[/.:]/.test(from)) throw new Error(`failed to solve: ${from}: pull access denied`);
    return;
  }
  const words = rest.startsWith("[") ? (JSON.parse(rest) as string[]) : rest.split(/\s+/);
  if (words.length < 2) throw new Error(`failed to solve: dockerfile parse error on line ${line}: ${name} requires at least two arguments`);
  for (const source of words.slice(0, -1)) {
    if (/^(https?:|git@|<<)|\$/.test(source)) continue;
    const path = source.replace(/^(\.?\/)+/, "").replace(/\/+$/, "");
    if (path === "" || path === "." || files.some((each) => fits(each, path))) continue;
    // A pattern may match nothing, as long as another source of the instruction does.
    if (/[*?[]/.test(path) && words.length > 2) continue;
    throw new Error(`failed to solve: failed to compute cache key: failed to calculate checksum of ref: "/${path}": not found`);
  }
}

function fits(file: string, source: string): boolean {
  return file === source || file.startsWith(`${source}/`) || matchesGlob(file, source) || matchesGlob(file, `${source}/**`);
}

/** A secret is optional, unless the mount says that it is required. */
function checkSecrets({ flags }: Instruction, secrets: Record<string, string>): void {
  for (const [name, value] of flags) {
    if (name !== "mount" || !/(^|,)type=secret(,|$)/.test(value) || !/(^|,)required(=true)?(,|$)/.test(value)) continue;
    const [, id = ""] = /(?:^|,)id=([^,]+)/.exec(value) ?? [];
    if (secrets[id] === undefined) throw new Error(`failed to solve: secret ${id}: not found`);
  }
}
