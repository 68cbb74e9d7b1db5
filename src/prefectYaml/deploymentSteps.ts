import { basename } from "node:path";
import type { JsonObject } from "../json";
import { applyValues, fromEnvironment, fromValues } from "./applyValues";
import type { PlaceholderValues } from "./fillPlaceholders";
import type { LoadedDeployment, PrefectYaml } from "./loadPrefectYaml";
import type { DeploymentConfig, Steps } from "./model";
import { checkOutput, idsOf, outputsOf, type StepKnowledge, skippedStep } from "./stepOutputs";

const DIRECTORY_STEP = "prefect.deployments.steps.set_working_directory";
const DOCKER_STEP = "prefect_docker.deployments.steps.build_docker_image";

/**
 * The build and push steps of a deployment: its own, or those of the file. As in Prefect, `build: []` or `build: null` means no build steps, but a
 * deployment with `push: []` or `push: null` runs the push steps of the file.
 */
export function stepsOf({ config }: LoadedDeployment, { actions }: PrefectYaml): { build: JsonObject[]; push: JsonObject[] } {
  const build = Object.hasOwn(config, "build") ? ownSteps(config.build) : listOf(actions.build);
  const push = ownSteps(config.push);
  return { build, push: push.length > 0 ? push : listOf(actions.push) };
}

/** A sentence for a deployment that seems to turn off the push steps of the file; otherwise `undefined`. */
export function emptyPushNote({ config }: LoadedDeployment, { actions }: PrefectYaml): string | undefined {
  if (!Object.hasOwn(config, "push") || ownSteps(config.push).length > 0 || listOf(actions.push).length === 0) return undefined;
  return "push is empty, so the push steps of the file run, as in Prefect: to run none, move them from the file to the deployments that need them";
}

/** A deployment's own steps. None: the key is absent, `null`, `[]` or `{}`. */
function ownSteps(steps: DeploymentConfig["build"]): JsonObject[] {
  return listOf((steps ?? null) as Steps | null);
}

function listOf(steps: Steps | null): JsonObject[] {
  return Array.isArray(steps) ? steps : [];
}

/** The pull steps. Only environment variables and the outputs of other steps are known now; the run fills all other placeholders. */
export function pullStepsOf(
  config: DeploymentConfig,
  { actions }: PrefectYaml,
  poolName: string | null,
  around: PlaceholderValues,
  { others, knowledge }: { others: JsonObject[]; knowledge: StepKnowledge },
): JsonObject[] {
  const effective = Object.hasOwn(config, "pull") ? config.pull : actions.pull;
  if (Array.isArray(effective) && effective.length === 0) return [];
  const given = ownSteps(config.pull);
  const steps = given.length > 0 ? given : listOf(actions.pull);
  if (steps.length === 0) return defaultPullSteps(config, actions.build, around.hasImage(poolName), around.folder);
  const ids = new Set(idsOf(others));
  const outputs = outputsOf(knowledge, around.stepOutputs);
  return applyValues(steps, (placeholder) => {
    if (placeholder.kind === "environment") return fromEnvironment(placeholder, around.env);
    const output = fromValues(placeholder, outputs);
    if (output !== "drop") {
      if (knowledge.kind === "ran") checkOutput(output, knowledge, `pull: ${placeholder.text}`);
      return output;
    }
    if (knowledge.kind === "skipped" && ids.has(placeholder.name.split(".")[0] ?? ""))
      throw skippedStep("pull", placeholder.text, placeholder.name);
    return "keep";
  }) as JsonObject[];
}

/** Prefect's default pull step, which finds the code of the flow (`_generate_default_pull_action`). */
function defaultPullSteps(config: DeploymentConfig, fileBuild: Steps, hasImage: boolean, folder: string): JsonObject[] {
  const build = ownSteps(config.build);
  const docker = (build.length > 0 ? build : listOf(fileBuild)).map((step) => step[DOCKER_STEP]).find((found) => found);
  if (docker)
    return (docker as JsonObject).dockerfile === "auto" ? [{ [DIRECTORY_STEP]: { directory: `/opt/prefect/${basename(folder)}` } }] : [];
  const directory = hasImage && config.work_pool?.job_variables?.image ? "/opt/prefect" : folder;
  return [{ [DIRECTORY_STEP]: { directory } }];
}
