import { isJsonObject, type JsonObject } from "../json";
import { UserError } from "../userError";
import type { PlaceholderAnswer } from "./applyValues";

/**
 * What is known about the outputs of a deployment's build and push steps.
 * - `skipped`: the steps do not run. A placeholder for an output is refused unless the user gives it.
 * - `planned`: the steps run later. Their placeholders stay; `check` leaves out those that are a whole parameter or job variable, because their
 *   type is unknown.
 * - `ran`: with these outputs. As in Prefect, a placeholder without a value is left out.
 */
export type StepKnowledge =
  | { kind: "skipped" }
  | { kind: "planned"; to: "check" | "show" }
  | { kind: "ran"; outputs: JsonObject; isSecret: (text: string) => boolean };

/** What the steps gave, with what the user gives: an output of a step's id changes only that output. */
export function outputsOf(knowledge: StepKnowledge, given: JsonObject): JsonObject {
  if (knowledge.kind !== "ran") return given;
  const merged: JsonObject = { ...knowledge.outputs };
  for (const [key, value] of Object.entries(given)) {
    const there = Object.hasOwn(merged, key) ? merged[key] : undefined;
    merged[key] = isJsonObject(value) && isJsonObject(there) ? { ...there, ...value } : value;
  }
  return merged;
}

/** @throws {UserError} if an output contains a secret: deployments are stored in clear text */
export function checkOutput(output: PlaceholderAnswer, { isSecret }: Extract<StepKnowledge, { kind: "ran" }>, what: string): void {
  if (typeof output !== "object" || !isSecret(JSON.stringify(output.value))) return;
  throw new UserError(
    `${what} contains a secret of a block, but deployments are stored in clear text. Refer to the block in work_pool.job_variables.env, or load it in the flow`,
  );
}

export function skippedStep(field: string, text: string, name: string): UserError {
  return new UserError(
    `${field}: ${text} comes from a build or push step that does not run: give its output with --step-output ${name}=VALUE, or let the steps run (without --skip-build)`,
  );
}

/** The `id`s of steps. Other steps refer to their outputs by these. */
export function idsOf(steps: JsonObject[]): string[] {
  return steps
    .flatMap((step) => Object.values(step))
    .flatMap((keywords) => {
      const id = (keywords as JsonObject | null)?.id;
      return typeof id === "string" ? [id] : [];
    });
}
