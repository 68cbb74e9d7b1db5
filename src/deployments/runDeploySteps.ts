import {
  type DeploymentSteps,
  inOrder,
  type PlannedStep,
  plannedReport,
  planSteps,
  runSteps,
  type StepListener,
  type StepReport,
  stepFaults,
  stepId,
} from "../buildSteps";
import type { JsonObject, Value } from "../json";
import type { LoadedDeployment, PrefectYaml, StepKnowledge } from "../prefectYaml";
import { stepsOf } from "../prefectYaml";
import type { Blocks } from "../template/blocks";

/** What `deploy` does with build and push steps. */
export type StepMode =
  /** It does not run them. */
  | { kind: "skip" }
  /** It only lists them. */
  | { kind: "list" }
  | {
      kind: "run";
      listener: StepListener;
      interrupted: AbortSignal;
      /** Reads blocks and variables with their secrets, if those of the registry have none. */
      secrets?: () => Promise<{ blocks: Blocks; variables: Record<string, Value> }>;
    };

export interface StepContext {
  file: PrefectYaml;
  /** The folder of the project. */
  folder: string;
  env: NodeJS.ProcessEnv;
  /** Variables with the Prefect API of the stack. */
  prefectEnv: Record<string, string>;
  blocks: Blocks;
  variables: Record<string, Value>;
  /** The outputs that the user gives. */
  given: JsonObject;
}

/** What is known after the steps, by the deployments' positions in the file. */
export interface DeploySteps {
  report: StepReport[];
  knowledge: Map<number, StepKnowledge>;
  failures: Map<number, string>;
}

/** The steps of a deployment that run: not those whose outputs the user gives. */
export function runningSteps(deployment: LoadedDeployment, file: PrefectYaml, given: JsonObject): PlannedStep[] {
  return planSteps([deploymentSteps(deployment, file)], given);
}

/** What is wrong with the form of a deployment's steps. */
export function faultsOf(deployment: LoadedDeployment, file: PrefectYaml): string[] {
  return stepFaults(stepsOf(deployment, file));
}

/** Lines that say which steps do not run because their outputs are given. */
export function givenSteps(deployments: readonly LoadedDeployment[], file: PrefectYaml, given: JsonObject): string[] {
  const ids = deployments.flatMap((deployment) => {
    const { build, push } = stepsOf(deployment, file);
    return [...build, ...push].flatMap((step) => stepId(step) ?? []);
  });
  const named = [...new Set(ids)].filter((id) => Object.hasOwn(given, id));
  return named.length > 0 ? [`not run, because --step-output gives their outputs: ${named.join(", ")}`] : [];
}

/**
 * Run the build and push steps of these deployments, or list them.
 * @throws {Interrupted} if they were interrupted, after the step has stopped
 * @throws {UserError} if no Python can be used because of a wrong setting
 */
export async function runDeploySteps(
  deployments: readonly LoadedDeployment[],
  mode: Exclude<StepMode, { kind: "skip" }>,
  { file, folder, env, prefectEnv, blocks, variables, given }: StepContext,
): Promise<DeploySteps> {
  const steps = planSteps(
    deployments.map((deployment) => deploymentSteps(deployment, file)),
    given,
  );
  const names = new Map(deployments.map(({ index, config }) => [index, config.name ?? ""]));
  if (mode.kind === "list" || [...inOrder(steps)].length === 0) {
    const knowledge: StepKnowledge = { kind: "planned", to: "show" };
    return {
      report: plannedReport(steps, names),
      knowledge: new Map([...names.keys()].map((index) => [index, knowledge])),
      failures: new Map(),
    };
  }
  const { listener, interrupted, secrets } = mode;
  const { outputs, failures, report, isSecret } = await runSteps({
    steps,
    names,
    folder,
    env,
    prefectEnv,
    values: secrets ?? (async () => ({ blocks, variables })),
    versions: file.prefectVersion === undefined ? {} : { prefect: file.prefectVersion },
    listener,
    interrupted,
  });
  const knowledge = [...outputs].map(([index, own]): [number, StepKnowledge] => [index, { kind: "ran", outputs: own, isSecret }]);
  return { report, knowledge: new Map(knowledge), failures };
}

function deploymentSteps(deployment: LoadedDeployment, file: PrefectYaml): DeploymentSteps {
  return { index: deployment.index, name: deployment.config.name ?? "", ...stepsOf(deployment, file) };
}
