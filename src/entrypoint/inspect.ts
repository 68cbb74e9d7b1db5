import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { JsonObject } from "../json";
import { readJson } from "../jsonText";
import { suggestion } from "../nearest";
import { UserError } from "../userError";
import { DEFAULT_PYTHON } from "./command";
import { type Entrypoint, parseEntrypoint } from "./parseEntrypoint";
import { inspector } from "./programs";

/** The facts about a flow that are known without importing its code. */
export interface InspectedFlow {
  /** The `name` of the decorator. Otherwise the name of the function with `-` for `_`, as in Prefect. */
  flowName: string;
  /** From the decorator, else the docstring. */
  description?: string;
  /** From the decorator. Prefect's default is {@link fileHash}. */
  version?: string;
  /** MD5 of the flow's file, in hex. Prefect uses it as the default version of a deployment. Absent without python3. */
  fileHash?: string;
  /** JSON Schema as in Prefect's `parameter_openapi_schema`. Absent if the parameters are unknown: without python3, or if the code is elsewhere. */
  parameterSchema?: JsonObject;
  /** Whether the function has Prefect's decorator. A plain function can run too. `undefined` if the code was not found. */
  isFlow?: boolean;
  isAsync?: boolean;
  /** The definition of the flow: path from `cwd`, and line. */
  path?: string;
  line?: number;
  /** The values that are not literals and need an import: `name`, `description`, `version`, `parameters.<name>` (its default). */
  computed: string[];
}

export interface InspectedFlows {
  /** No python3 was found: flow names come from the function names, and parameters are unknown. The caller must warn the user. */
  pythonMissing: boolean;
  /** By entrypoint. A fault is the end of a sentence that begins with the path of the entrypoint. */
  flows: Map<string, InspectedFlow | { fault: string }>;
}

/**
 * Read flows with Python's own parser, without importing their code. One python3 process reads all of them.
 * @param entrypoints in any of Prefect's forms; each gets an answer
 * @param options `cwd`: the folder that they are relative to; `env`: the environment with the PATH of python3; `python`: another interpreter
 * @throws {UserError} if the interpreter exists but fails
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

/** An error that `inspect.py` reports. `elsewhere`: the flow is imported from, or made by, code that is not in this folder. */
type Fault =
  | { kind: "noFile"; path: string }
  | { kind: "noModule"; module: string }
  | { kind: "unreadable"; path: string; text: string }
  | { kind: "syntax"; path: string; line: number; message: string; text: string }
  | { kind: "noName"; path: string; name: string; names: string[] }
  | { kind: "noFunction"; path: string; name: string; line: number; what: string }
  | { kind: "elsewhere" };

interface Reply {
  /** The version of Python. */
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
      return `there is no function ${fault.name} in ${fault.path}: ${suggestion(fault.name, fault.names) || "it defines no functions"}`;
    case "noFunction":
      return `${fault.name} must be a function, not ${fault.what} (${fault.path}, line ${fault.line})`;
  }
}

function byName({ name }: Entrypoint): InspectedFlow {
  return { flowName: (name.split(".").at(-1) ?? name).replaceAll("_", "-"), computed: [] };
}

/** Without python3, only the existence of the file can be checked. */
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
    // Isolated (-I) and without site packages (-S): Python imports nothing from the user's folder or environment, and starts faster.
    const child = spawn(python, ["-I", "-S", "-c", inspector], { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    const text = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (part: string) => {
        text[stream] += part;
      });
    }
    // Python may end before it reads its input. Its exit code shows that.
    child.stdin.on("error", () => {});
    child.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ENOENT" || error.code === "EACCES" ? done(undefined) : refuse(error),
    );
    child.on("close", (status) => {
      if (status === 0) return done(readJson(text.stdout) as unknown as Reply);
      // A pyenv shim without an installed version, or the placeholder of macOS without developer tools.
      if (status === 127 || /xcode-select|xcrun/.test(text.stderr)) return done(undefined);
      const last = text.stderr.trim().split("\n").at(-1) ?? "";
      refuse(new UserError(`${python} cannot read the flows (exit code ${status}): ${last}. Use Python 3.9 or newer`));
    });
    child.stdin.end(JSON.stringify({ entrypoints }));
  });
}
