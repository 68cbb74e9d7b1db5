import { statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import type { Value, ValueObject } from "../../json";
import { Secret } from "../../secret";
import { UserError } from "../../userError";
import { checkKeys, checkVariableName, flagAt, variableAt, wordsAt } from "../jobValues";
import { MAX_STRING } from "../parameterLimits";
import type { RunToPlan, Submission } from "../target";

const KEYS = ["command", "env", "labels", "name", "stream_output", "working_dir"];

/** The request of a process submission. Values of `env` may be secret until it is submitted. */
export interface ProcessRequest {
  argv: string[];
  env: Record<string, string | Secret>;
  /** An absolute path. `null`: a temporary folder for the attempt. */
  workingDirectory: string | null;
  timeoutSeconds: number | null;
  streamOutput: boolean;
  name: string | null;
  labels: ValueObject;
}

/**
 * Convert a job configuration of Prefect's `process` template to a request.
 * @throws {UserError} with the path of a value that is invalid or cannot be used
 */
export function planProcess(job: ValueObject, run: RunToPlan): Submission {
  if (process.platform === "win32")
    throw new UserError("process:push runs need a POSIX system: use pushpool inside WSL (https://learn.microsoft.com/windows/wsl/)");
  checkKeys(job, KEYS, "process:push");
  const request: ProcessRequest = {
    argv: argvOf(job.command ?? null),
    env: envOf(job.env ?? {}),
    workingDirectory: workingDirectoryOf(job.working_dir ?? null),
    timeoutSeconds: run.timeoutSeconds,
    streamOutput: flagAt(job.stream_output, "job_configuration.stream_output") ?? true,
    name: typeof job.name === "string" ? job.name : null,
    labels: (job.labels ?? {}) as ValueObject,
  };
  return { runId: run.id, attempt: run.attempt, pool: run.pool, request: request as unknown as ValueObject, warnings: [] };
}

/** Split the command like Prefect's process worker, by the rules of Python's `shlex.split`. */
function argvOf(command: Value): string[] {
  const path = "job_configuration.command";
  if (command instanceof Secret)
    throw new UserError(
      `${path} contains a secret (${command.pointers.join(", ")}): anyone on this machine could read it in the process list. Pass it in env`,
    );
  if (typeof command !== "string") throw new UserError(`${path} is missing: give the command to run`);
  const argv = wordsAt(command, path, "") ?? [];
  if (argv.length === 0) throw new UserError(`${path} is empty: give the command to run`);
  for (const [index, word] of argv.entries()) refuseLong(word, `${path} (word ${index + 1})`);
  return argv;
}

function envOf(env: Value): ProcessRequest["env"] {
  const given = env as ValueObject;
  for (const [key, value] of Object.entries(given)) {
    const path = `job_configuration.env.${key}`;
    checkVariableName(key, path);
    const text = variableAt(value, path);
    if (text.includes("\0")) throw new UserError(`${path}: must not contain a NUL character (\\u0000)`);
    refuseLong(`${key}=${text}`, path);
  }
  return given as ProcessRequest["env"];
}

function refuseLong(text: string, path: string): void {
  const bytes = Buffer.byteLength(text) + 1;
  if (bytes <= MAX_STRING) return;
  const what = path.endsWith(".PUSHPOOL_PARAMETERS") ? "parameters: as JSON they are" : `${path}: it is`;
  throw new UserError(`${what} ${bytes} bytes, and the system allows at most ${MAX_STRING} in one string: pass large data in a file`);
}

function workingDirectoryOf(value: Value): string | null {
  if (value === null) return null;
  const path = "job_configuration.working_dir";
  if (typeof value !== "string") throw new UserError(`${path}: must be a string`);
  const folder = isAbsolute(value) ? value : resolve(value);
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found) throw new UserError(`${path}: there is no folder ${folder}`);
  if (!found.isDirectory()) throw new UserError(`${path}: ${folder} is not a folder`);
  return folder;
}
