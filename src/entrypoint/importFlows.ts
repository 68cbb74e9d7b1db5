import { spawn } from "node:child_process";
import type { JsonObject } from "../json";
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
  const text = await new Promise<string | undefined>((done) => {
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
    child.on("close", (status) => done(status === 0 ? said : undefined));
    child.stdin.end(JSON.stringify({ entrypoints: asked }));
  });
  if (text === undefined) return undefined;
  const { flows } = JSON.parse(text) as { flows: (ImportedFlow | { fault: string })[] | null };
  return flows === null ? undefined : new Map(asked.map((entrypoint, index) => [entrypoint, flows[index] ?? { fault: "no answer" }]));
}
