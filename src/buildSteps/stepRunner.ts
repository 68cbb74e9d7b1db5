import type { JsonObject } from "../json";
import type { PlannedStep } from "./stepPlan";

/** What a step leaves for the steps after it. */
export interface StepState {
  /** The outputs of all steps so far, by name, and by the id of their step. */
  outputs: JsonObject;
  /** The outputs of the last step alone. */
  own: JsonObject;
  /** The working folder, which a step may change. */
  folder: string;
  /** The runner finds more of it by this. */
  key?: unknown;
}

/** A step did not succeed. The message is the end of a sentence. */
export class StepFailure extends Error {
  override readonly name = "StepFailure";
}

/** Runs steps, one at a time. */
export interface StepRunner {
  /**
   * @throws {StepFailure} if the step fails
   * @throws {Interrupted} if it was interrupted, after it has stopped
   */
  run(step: PlannedStep, before: StepState): Promise<StepState>;
  close(): Promise<void>;
}

/** Values for the placeholders of steps, in clear text. */
export interface StepValues {
  /** By `<type>/<name>`, and by id. */
  blocks: Record<string, JsonObject>;
  variables: JsonObject;
  /** Why a block has no value, by its name: the end of a sentence. */
  missing: Record<string, string>;
}

/** Where steps run, and who gets their output. */
export interface StepPlace {
  /** The folder of the project, in which steps start. */
  folder: string;
  env: Record<string, string>;
  values: StepValues;
  /** Gets each line of a step's output. */
  output: (line: string) => void;
  interrupted: AbortSignal;
}
