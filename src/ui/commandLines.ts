import { quote } from "shlex";
import type { JsonObject } from "../json";
import type { Run } from "../model/run";
import type { RunActions, RunCommands } from "./wire";

/** The command lines that do with a run what its page does. */
export function commandsOf(run: Run, can: RunActions, namedPool: string | undefined): RunCommands {
  return {
    show: line("show", run.id),
    logs: line("logs", run.id, "-f"),
    run: runLine(run, namedPool),
    ...(can.cancel ? { cancel: line("cancel", run.id) } : {}),
    ...(can.retry ? { retry: line("retry", run.id) } : {}),
  };
}

/** The command line for a new run. */
export function runLine(
  {
    deployment,
    parameters = {},
    jobVariables = {},
    tags = [],
  }: { deployment: string; parameters?: JsonObject; jobVariables?: JsonObject; tags?: string[] },
  workPool?: string,
): string {
  return line(
    "run",
    deployment,
    ...(Object.keys(parameters).length > 0 ? ["--params", JSON.stringify(parameters)] : []),
    ...Object.entries(jobVariables).flatMap(([name, value]) => ["--job-variable", `${name}=${variableText(value)}`]),
    ...tags.flatMap((tag) => ["-t", tag]),
    ...(workPool === undefined ? [] : ["--pool", workPool]),
  );
}

/** The command line reads a value as JSON if it can, and otherwise as a string. */
function variableText(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return value.trim() === "" || isJson(value) ? JSON.stringify(value) : value;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function line(...words: string[]): string {
  return ["pushpool", ...words].map(quote).join(" ");
}
