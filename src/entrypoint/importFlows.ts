import { spawn } from "node:child_process";
import type { JsonObject } from "../json";
import { readJson } from "../jsonText";
import { childEnvironment } from "../targets/childEnvironment";
import { DEFAULT_PYTHON } from "./command";
import { importer } from "./programs";

/** A flow as Prefect itself has it once its code is imported. */
export interface ImportedFlow {
  flowName: string;
  description: string | null;
  version: string | null;
  parameterSchema: JsonObject;
}

/**
 * Import flows with the Python that is on PATH, as `prefect deploy` does; their modules run.
 * @returns by entrypoint, a fault being the exception; `undefined` if there is no Python, or Prefect is not installed for it
 */
export async function importFlows(
  entrypoints: readonly string[],
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<Map<string, ImportedFlow | { fault: string }> | undefined> {
  const asked = [...new Set(entrypoints)];
  if (asked.length === 0) return new Map();
  const answer = await new Promise<Answer | undefined>((done) => {
    // What the code says while it is imported is not the result of this command, nor a fault of it.
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
    return new Map(asked.map((entrypoint) => [entrypoint, { fault: `${DEFAULT_PYTHON} ${how} in the middle of it` }]));
  }
  const { flows } = answer;
  return flows === null ? undefined : new Map(asked.map((entrypoint, index) => [entrypoint, flows[index] ?? { fault: "no answer" }]));
}

/** What `import.py` says (`null`: there is no Prefect), or with what it ended instead. */
type Answer = { flows: (ImportedFlow | { fault: string })[] | null } | { ended: number | null };
