import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findProgram } from "../findProgram";
import { isDockerStep } from "./dockerRunner";
import { findStepPython } from "./findStepPython";
import { inOrder, type PlannedStep, stepLabel } from "./stepPlan";

/** What runs the steps. */
export type StepTool =
  | { kind: "python"; path: string; prefect: string; from: string }
  /** No Python has Prefect: docker does its own steps. */
  | { kind: "docker"; path: string; python?: string; searched: string[] }
  | { kind: "none"; searched: string[] };

/**
 * Choose what runs the steps: a Python that has Prefect, else the docker CLI.
 * @param place the folder of the project, and the environment
 * @throws {UserError} if `PUSHPOOL_PYTHON` cannot be used
 */
export async function chooseTool(place: { folder: string; env: NodeJS.ProcessEnv }): Promise<StepTool> {
  const found = await findStepPython(place);
  if ("path" in found) return { kind: "python", ...found };
  const docker = findProgram("docker", place.env);
  if (docker === undefined) return { kind: "none", ...found };
  const python = await versionOf(findProgram("python3", place.env));
  return { kind: "docker", path: docker, ...(python === undefined ? {} : { python }), ...found };
}

/**
 * The deployments with a step that the tool cannot run. None of their steps is worth running.
 * @returns the reason for each, by its position in the file
 */
export function cannotRun(steps: readonly PlannedStep[], tool: StepTool): Map<number, string> {
  const refused = new Map<number, string>();
  if (tool.kind === "python") return refused;
  const { searched } = tool;
  const looked = searched.length === 0 ? "no Python was found" : `no Python has Prefect 3: ${searched.join("; ")}`;
  for (const step of inOrder(steps)) {
    const isDocker = isDockerStep(step.name);
    if (isDocker && tool.kind === "docker") continue;
    const other = isDocker ? "; or install docker, which does this step too" : "";
    const fix = `install Prefect in the project's environment (or name a Python that has it in PUSHPOOL_PYTHON)${other}; or run the step yourself and give its outputs with --skip-build and --step-output`;
    for (const index of step.deployments) {
      if (!refused.has(index))
        refused.set(index, `${step.section} step ${stepLabel(step)} needs Prefect, but ${looked}. To fix it: ${fix}`);
    }
  }
  return refused;
}

async function versionOf(python: string | undefined): Promise<string | undefined> {
  if (python === undefined) return undefined;
  try {
    const { stdout } = await promisify(execFile)(python, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"], { timeout: 60_000 });
    return stdout.trim();
  } catch {
    return undefined;
  }
}
