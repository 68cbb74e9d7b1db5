import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { JsonObject } from "../json";
import { readJson } from "../jsonText";
import { suggestion } from "../nearest";
import { UserError } from "../userError";
import { DEFAULT_PYTHON } from "./command";
import { type Entrypoint, parseEntrypoint } from "./parse";
import { inspector } from "./programs";

/** What is known of a flow without importing its code. */
export interface InspectedFlow {
  /** The decorator's `name`, else the function's with `-` for `_`, as Prefect names flows. */
  flowName: string;
  /** The decorator's, else the docstring. */
  description?: string;
  /** The decorator's. Prefect falls back to {@link fileHash}. */
  version?: string;
  /** MD5 of the flow's file, in hex: Prefect's version of a deployment that gives none. Absent without python3. */
  fileHash?: string;
  /** JSON Schema as Prefect's `parameter_openapi_schema`. Absent where nothing is known of the parameters: without python3, or the code is elsewhere. */
  parameterSchema?: JsonObject;
  /** Whether Prefect's decorator is on it; a plain function runs as well. `undefined` where the code was not seen. */
  isFlow?: boolean;
  isAsync?: boolean;
  /** Where it is defined: path from `cwd`, and line. */
  path?: string;
  line?: number;
  /** What only importing could tell, since it is no literal: `name`, `description`, `version`, `parameters.<name>` (its default). */
  computed: string[];
}

export interface InspectedFlows {
  /** There is no python3: flow names are the functions' own, and parameters are not known. The caller says so. */
  pythonMissing: boolean;
  /** By entrypoint as given. A fault is the end of a sentence that begins with the entrypoint's path. */
  flows: Map<string, InspectedFlow | { fault: string }>;
}

/**
 * Read flows by Python's own parser, without importing their code: one python3 for all of them.
 * @param entrypoints in any of Prefect's forms; each is answered
 * @param options `cwd`: the folder that they are relative to; `env`: where python3 is looked for; `python`: another interpreter
 * @throws {UserError} if the interpreter is there and cannot do it
 */
export async function inspectEntrypoints(
  entrypoints: readonly string[],
  { cwd, env, python = DEFAULT_PYTHON }: { cwd: string; env: NodeJS.ProcessEnv; python?: string },
): Promise<InspectedFlows> {
  const flows: InspectedFlows["flows"] = new Map();
  const asked: { text: string; entrypoint: Entrypoint }[] = [];
  for (const text of new Set(entrypoints)) {
    const entrypoint = parseEntrypoint(text);
    if ("fault" in entrypoint) flows.set(text, entrypoint);
    else asked.push({ text, entrypoint });
  }
  if (asked.length === 0) return { pythonMissing: false, flows };
  const reply = await askPython(
    asked.map(({ entrypoint }) => entrypoint),
    { cwd, env, python },
  );
  for (const [index, { text, entrypoint }] of asked.entries()) {
    const answer = reply?.answers[index];
    if (!answer) flows.set(text, unseen(entrypoint, cwd));
    else if (!("fault" in answer)) flows.set(text, answer);
    else if (answer.fault.kind === "elsewhere") flows.set(text, byName(entrypoint));
    else flows.set(text, { fault: sentence(answer.fault, reply.python, cwd) });
  }
  return { pythonMissing: reply === undefined, flows };
}

/** What `inspect.py` says is wrong. `elsewhere`: it is imported from, or made by, code that is not in this folder. */
type Fault =
  | { kind: "noFile"; path: string }
  | { kind: "noModule"; module: string }
  | { kind: "unreadable"; path: string; text: string }
  | { kind: "syntax"; path: string; line: number; message: string; text: string }
  | { kind: "noName"; path: string; name: string; names: string[] }
  | { kind: "noFunction"; path: string; name: string; line: number; what: string }
  | { kind: "elsewhere" };

interface Reply {
  /** Its version. */
  python: string;
  answers: (InspectedFlow | { fault: Fault })[];
}

function sentence(fault: Exclude<Fault, { kind: "elsewhere" }>, python: string, cwd: string): string {
  switch (fault.kind) {
    case "noFile":
      return `there is no file ${resolve(cwd, fault.path)}`;
    case "noModule":
      return `there is no module ${fault.module} in ${cwd}`;
    case "unreadable":
      return `cannot read ${resolve(cwd, fault.path)} (${fault.text})`;
    case "syntax":
      return `${fault.path}, line ${fault.line}: ${fault.message} (Python ${python})${fault.text ? `: ${fault.text}` : ""}`;
    case "noName":
      return `there is no function ${fault.name} in ${fault.path}: ${suggestion(fault.name, fault.names) || "it defines none"}`;
    case "noFunction":
      return `${fault.name} is no function but ${fault.what} (${fault.path}, line ${fault.line})`;
  }
}

function byName({ name }: Entrypoint): InspectedFlow {
  return { flowName: (name.split(".").at(-1) ?? name).replaceAll("_", "-"), computed: [] };
}

/** Without python3 no more can be seen than whether the file is there. */
function unseen(entrypoint: Entrypoint, cwd: string): InspectedFlow | { fault: string } {
  if (entrypoint.kind === "file" && !statSync(resolve(cwd, entrypoint.path), { throwIfNoEntry: false })?.isFile())
    return { fault: sentence({ kind: "noFile", path: entrypoint.path }, "", cwd) };
  return byName(entrypoint);
}

/** @returns `undefined` if there is no such interpreter */
function askPython(
  entrypoints: Entrypoint[],
  { cwd, env, python }: { cwd: string; env: NodeJS.ProcessEnv; python: string },
): Promise<Reply | undefined> {
  return new Promise((done, refuse) => {
    // Isolated and without site packages: nothing of the user's folder or environment is imported, and it starts faster.
    const child = spawn(python, ["-I", "-S", "-c", inspector], { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    const text = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (part: string) => {
        text[stream] += part;
      });
    }
    // It may have ended before it read anything; its exit code tells.
    child.stdin.on("error", () => {});
    child.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ENOENT" || error.code === "EACCES" ? done(undefined) : refuse(error),
    );
    child.on("close", (status) => {
      if (status === 0) return done(readJson(text.stdout) as unknown as Reply);
      // pyenv's shim with no version behind it; macOS's stand-in before its developer tools are there.
      if (status === 127 || /xcode-select|xcrun/.test(text.stderr)) return done(undefined);
      const last = text.stderr.trim().split("\n").at(-1) ?? "";
      refuse(new UserError(`${python} cannot read the flows (exit code ${status}): ${last}. Python 3.9 or newer is needed`));
    });
    child.stdin.end(JSON.stringify({ entrypoints }));
  });
}
