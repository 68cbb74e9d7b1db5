import { spawn } from "node:child_process";
import type { JsonObject } from "../json";
import { readJson } from "../jsonText";
import { childEnvironment } from "../targets/childEnvironment";
import { DEFAULT_PYTHON } from "./command";
import { importer } from "./programs";

/** The facts about a flow that Prefect has after importing its code. */
export interface ImportedFlow {
  flowName: string;
  description: string | null;
  version: string | null;
  parameterSchema: JsonObject;
}

/**
 * Import flows with the Python on PATH, as `prefect deploy` does. This runs the code of their modules.
 * @returns the flows by entrypoint, or the exception as a fault; `undefined` if there is no Python, or it does not have Prefect
 */
export async function importFlows(
  entrypoints: readonly string[],
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<Map<string, ImportedFlow | { fault: string }> | undefined> {
  const asked = [...new Set(entrypoints)];
  if (asked.length === 0) return new Map();
  const answer = await new Promise<Answer | undefined>((done) => {
    // The code may print something while it is imported. That is neither a result nor an error of this command.
    const child = spawn(DEFAULT_PYTHON, ["-c", importer], {
      cwd,
      env: childEnvironment(env, { PREFECT_LOGGING_TO_API_ENABLED: "false" }),
      stdio: ["pipe", "pipe", "ignore"],
    });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      said += part;
    });
    child.stdin.on("error", () => {});
    child.on("error", () => done(undefined));
    child.on("close", (status) => done(status === 0 && said !== "" ? (readJson(said) as unknown as Answer) : { ended: status }));
    child.stdin.end(JSON.stringify({ entrypoints: asked }));
  });
  if (!answer) return undefined;
  if ("ended" in answer) {
    const how = answer.ended === null ? "was killed" : `ended with ${answer.ended}`;
    return new Map(asked.map((entrypoint) => [entrypoint, { fault: `${DEFAULT_PYTHON} ${how} while it imported the flows` }]));
  }
  const { flows } = answer;
  return flows === null ? undefined : new Map(asked.map((entrypoint, index) => [entrypoint, flows[index] ?? { fault: "no answer" }]));
}

/** The answer of `import.py` (`null`: Prefect is not installed), or its exit code if it gave no answer. */
type Answer = { flows: (ImportedFlow | { fault: string })[] | null } | { ended: number | null };
