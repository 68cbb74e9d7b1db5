import type { Json, JsonObject, Value } from "../json";
import { Secret } from "../secret";
import { type Blocks, resolveBlocks } from "../template/blocks";
import type { Placeholder } from "../template/placeholders";
import { resolveVariables } from "../template/variables";
import { UserError } from "../userError";
import { applyValues, fromEnvironment, fromValues } from "./applyValues";
import { checkOutput, idsOf, outputsOf, type StepKnowledge, skippedStep } from "./stepOutputs";

/** The values for the placeholders of a prefect.yaml during `deploy`. */
export interface PlaceholderValues {
  /** For `{{ $NAME }}` and, as in Prefect, also for `{{ NAME }}`. */
  env: Readonly<Record<string, string | undefined>>;
  blocks: Blocks;
  /** For `{{ prefect.variables.NAME }}`. */
  variables: Record<string, Value>;
  /** The outputs of build and push steps that the user gives, by output name and by `<step id>.<output name>`. They win over those of a run. */
  stepOutputs: JsonObject;
  /** Whether a work pool has a variable `image`. */
  hasImage: (workPool: string | null) => boolean;
  /** The folder in which a user would run Prefect. Entrypoints and the default pull step are relative to it. */
  folder: string;
}

/** Whether the values of a field can be of any type. */
export const isTyped = (field: string) => field === "parameters" || field.endsWith("job_variables");
/** Where a deployment's filler puts what it finds. */
interface Found {
  knowledge: StepKnowledge;
  warnings: string[];
  /** The fields with a placeholder that may be the output of a step. */
  pending: Set<string>;
}

/** Fills the fields of one deployment. @param steps its build and push steps */
export function fillerOf(
  { env, blocks, variables, stepOutputs: given }: PlaceholderValues,
  steps: JsonObject[],
  { knowledge, warnings, pending }: Found,
) {
  // A deployment without steps does not get the outputs of other deployments' steps.
  const stepOutputs = steps.length > 0 ? outputsOf(knowledge, given) : {};
  const nothingGiven = Object.keys(stepOutputs).length === 0;
  const ids = new Set(idsOf(steps));
  const noted = new Set<string>();
  const missing = ({ text }: Placeholder, field: string) => {
    if (!noted.has(text)) warnings.push(`${field}: ${text} has no value and was left out`);
    noted.add(text);
    return "drop" as const;
  };
  return (template: Json, field: string): Json => {
    const isJobVariables = field.endsWith("job_variables");
    // The server fills the parameters of a trigger when it fires.
    const isFilledLater = /^triggers\[\d+\]\.parameters$/.test(field);
    const looked = (placeholder: Placeholder, value: Value, what: string) => {
      if (!holdsSecret(value)) return { value: value as Json };
      if (isJobVariables) return "keep" as const;
      throw new UserError(
        `${field}: ${placeholder.text} is a secret, but ${what} is stored and shown in clear text. Move it to work_pool.job_variables.env, where it stays a reference, or load it in the flow`,
      );
    };
    const filled = applyValues(template, (placeholder, alone) => {
      const { kind, name, text } = placeholder;
      switch (kind) {
        case "block": {
          const value = resolveBlocks(text, blocks, field, (clear) => [clear]);
          return isJobVariables ? "keep" : looked(placeholder, value, field);
        }
        case "variable":
          return looked(placeholder, resolveVariables(text, variables, field), field);
        case "environment": {
          const given = fromEnvironment(placeholder, env);
          return given === "keep" && !isFilledLater ? missing(placeholder, field) : given;
        }
        default: {
          const given = fromEnvironment(placeholder, env);
          if (given !== "keep") return given;
          if (isFilledLater || name.startsWith("ctx.")) return "keep";
          const output = fromValues(placeholder, stepOutputs);
          if (output !== "drop") {
            if (knowledge.kind === "ran") checkOutput(output, knowledge, `${field}: ${text}`);
            return output;
          }
          if (knowledge.kind === "planned" && steps.length > 0) {
            pending.add(field);
            return knowledge.to === "check" && alone && isTyped(field) ? "drop" : "keep";
          }
          if (knowledge.kind === "ran") return missing(placeholder, field);
          // A placeholder names an output by the id of its step, or by the name of the output alone.
          const [first = name, second] = name.split(".");
          if (ids.has(first) || (steps.length > 0 && second === undefined && nothingGiven)) throw skippedStep(field, text, name);
          return missing(placeholder, field);
        }
      }
    });
    return filled ?? null;
  };
}

function holdsSecret(value: Value): boolean {
  if (value instanceof Secret) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsSecret);
}
