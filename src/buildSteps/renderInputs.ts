import { isJsonObject, type Json, type JsonObject } from "../json";
import { applyValues, fromValues } from "../prefectYaml";
import { resolveBlocks } from "../template/blocks";
import { resolveVariables } from "../template/variables";
import { UserError } from "../userError";
import type { PlannedStep } from "./stepPlan";
import { StepFailure, type StepPlace, type StepState } from "./stepRunner";

/**
 * The inputs of a step with their placeholders filled, without `id` and `requires` (`prefect.deployments.steps.core.run_step`). A placeholder
 * without a value is left out.
 * @throws {StepFailure} if a block does not exist
 */
export function renderInputs({ step, name }: PlannedStep, before: StepState, { values, env }: StepPlace): JsonObject {
  const { id: _, requires: __, ...inputs } = step[name] as JsonObject;
  const blocks = Object.fromEntries(Object.entries(values.blocks).map(([key, data]) => [key, { id: key, data }]));
  const missing = Object.fromEntries(Object.entries(values.missing).map(([key, text]) => [key, { data: {}, missing: text }]));
  try {
    const filled = applyValues(inputs, (placeholder) => {
      const { kind, name: key } = placeholder;
      if (kind !== "environment") return fromValues(placeholder, before.outputs);
      const value = env[key.replace(/^\$+/, "")];
      return value === undefined ? "drop" : { value };
    });
    const withBlocks = resolveBlocks(filled ?? {}, { ...blocks, ...missing }, name, (text) => [text]);
    const rendered = resolveVariables(withBlocks, values.variables, name) as Json;
    return isJsonObject(rendered) ? rendered : {};
  } catch (error) {
    if (error instanceof UserError) throw new StepFailure(error.message);
    throw error;
  }
}
