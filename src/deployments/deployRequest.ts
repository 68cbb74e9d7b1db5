import type { JsonObject } from "../json";
import type { DeploymentRegistry } from "./registry";
import type { StepMode } from "./runDeploySteps";

export interface DeployRequest {
  /** Absolute path of the prefect.yaml. */
  file: string;
  /** The folder to which entrypoints and the default pull step are relative. */
  folder: string;
  /** Names of deployments, or `flow/name`; both may contain `*`. Empty: the file's only deployment. */
  names: readonly string[];
  /** Whether to deploy every deployment of the file. */
  all: boolean;
  /** Outputs of build and push steps that the user gives; a step whose id is among them does not run. */
  stepOutputs: JsonObject;
  /** What to do with build and push steps. @default skip */
  steps?: StepMode;
  /** Whether one invalid deployment stops all of them; then no step runs either. @default false */
  allOrNothing?: boolean;
  env: NodeJS.ProcessEnv;
  /** Where to deploy. */
  registry: DeploymentRegistry;
}

/** What is wrong with one deployment of a file. */
export interface DeployProblem {
  /** Whether the deployment itself is valid, but one of its build or push steps failed. */
  stepFailed?: boolean;
  /** As in the file, if it has one. */
  name?: string;
  /** From 1. */
  line: number;
  message: string;
}
