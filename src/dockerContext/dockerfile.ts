/** One instruction of a Dockerfile (https://docs.docker.com/reference/dockerfile/). */
export interface Instruction {
  /** The line of the file where it begins, from 1. */
  line: number;
  /** In capitals: `COPY`. */
  name: string;
  /** Its options, such as `from` of `--from=build`, in order. An option can be repeated. */
  flags: readonly (readonly [name: string, value: string])[];
  /** The rest, on one line. A here-document is left out. */
  rest: string;
}

/** A stage of a build: `FROM base AS name`. */
export interface Stage {
  /** In lower case. A stage without a name has only its number. */
  name?: string;
  base: string;
  instructions: readonly Instruction[];
}

/** A Dockerfile, read. */
export interface Dockerfile {
  /** The instructions before the first `FROM`. */
  before: readonly Instruction[];
  /** In order. There is at least one. */
  stages: readonly Stage[];
}

/** What BuildKit refuses in a Dockerfile. */
export class DockerfileFault extends Error {
  override name = "DockerfileFault";
}

const KNOWN = new Set(
  "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR".split(" "),
);

/** Read a Dockerfile as BuildKit does. @throws {DockerfileFault} with the line */
export function readDockerfile(text: string): Dockerfile {
  const before: Instruction[] = [];
  const stages: { name?: string; base: string; instructions: Instruction[] }[] = [];
  for (const instruction of instructionsOf(text)) {
    const { line, name, rest } = instruction;
    if (!KNOWN.has(name)) throw new DockerfileFault(`line ${line}: unknown instruction: ${name}`);
    if (rest === "") throw new DockerfileFault(`line ${line}: ${name} needs at least one argument`);
    const stage = stages.at(-1);
    if (name === "FROM") stages.push(stageOf(instruction));
    else if (stage) stage.instructions.push(instruction);
    else if (name === "ARG") before.push(instruction);
    else throw new DockerfileFault(`line ${line}: no build stage in current context: ${name} comes before the first FROM`);
  }
  if (stages.length === 0) throw new DockerfileFault("it has no instruction FROM");
  return { before, stages };
}

/** The stage that a target names: its name in any case, or its number from 0. */
export function stageNamed({ stages }: Dockerfile, target: string): Stage | undefined {
  return stages.find(({ name }) => name === target.toLowerCase()) ?? (/^\d+$/.test(target) ? stages[Number(target)] : undefined);
}

function stageOf({ line, rest }: Instruction): { name?: string; base: string; instructions: Instruction[] } {
  const [base = "", as, name, ...more] = rest.split(/\s+/);
  if (as === undefined) return { base, instructions: [] };
  if (as.toUpperCase() !== "AS" || name === undefined || more.length > 0)
    throw new DockerfileFault(`line ${line}: FROM requires either one or three arguments`);
  return { name: name.toLowerCase(), base, instructions: [] };
}

function instructionsOf(text: string): Instruction[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const joint = new RegExp(`${escapeOf(lines) === "`" ? "`" : "\\\\"}[ \\t]*$`);
  const found: Instruction[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    let whole = lines[at] ?? "";
    if (isEmpty(whole)) continue;
    // Comments and empty lines may be inside an instruction.
    while (joint.test(whole) && at + 1 < lines.length) {
      at++;
      const next = lines[at] ?? "";
      whole = isEmpty(next) ? whole : `${whole.replace(joint, "")}${next}`;
    }
    const [, name = "", rest = ""] = /^\s*(\S+)\s*(.*)$/s.exec(whole.replace(joint, "").trimEnd()) ?? [];
    const instruction = { line, name: name.toUpperCase(), ...flagsIn(rest) };
    at = endOfHereDocuments(instruction, lines, at);
    found.push(instruction);
  }
  return found;
}

function isEmpty(line: string): boolean {
  return /^\s*(#|$)/.test(line);
}

/** The directives at the beginning of the file may choose another escape character. */
function escapeOf(lines: readonly string[]): string {
  for (const line of lines) {
    const [, name = "", value = ""] = /^#\s*([a-z]+)\s*=\s*(\S+)\s*$/i.exec(line) ?? [];
    if (name === "") return "\\";
    if (name.toLowerCase() === "escape") return value;
  }
  return "\\";
}

function flagsIn(text: string): Pick<Instruction, "flags" | "rest"> {
  const flags: [string, string][] = [];
  let rest = text;
  for (;;) {
    const [all, name, value = ""] = /^--([a-z-]+)(?:=(\S*))?(?:\s+|$)/.exec(rest) ?? [];
    if (all === undefined || name === undefined) return { flags, rest };
    flags.push([name, value]);
    rest = rest.slice(all.length);
  }
}

/** @returns the last line of the instruction's here-documents @throws {DockerfileFault} if one has no end */
function endOfHereDocuments({ name, rest, line }: Instruction, lines: readonly string[], from: number): number {
  if (!["RUN", "COPY", "ADD"].includes(name)) return from;
  let at = from;
  for (const [, , word] of rest.matchAll(/<<-?(["']?)([A-Za-z_]\w*)\1/g)) {
    do at++;
    while (at < lines.length && lines[at]?.trim() !== word);
    if (at >= lines.length) throw new DockerfileFault(`line ${line}: unterminated heredoc`);
  }
  return at;
}
