import { isJsonObject, type Json, type JsonObject, type Value } from "../json";
import { suggestion } from "../nearest";
import { Secret } from "../secret";
import type { Blocks } from "../template/blocks";
import { placeholdersIn } from "../template/placeholders";
import type { PlannedStep } from "./stepPlan";
import type { StepValues } from "./stepRunner";
import { secretValues } from "./stepSecrets";

/** A secret of which only the mask is known. */
const UNKNOWN = ", or its secret is not available: `pushpool manifest pull --with-secrets` stores it";

/**
 * The blocks and variables that steps name, in clear text for the steps, and the secrets among them.
 * @param read reads them; not called if no step names one
 */
export async function clearValues(
  steps: readonly PlannedStep[],
  read: () => Promise<{ blocks: Blocks; variables: Record<string, Value> }>,
): Promise<{ values: StepValues; secrets: Json[] }> {
  if (!steps.some(({ step }) => namesValues(step))) return { values: { blocks: {}, variables: {}, missing: {} }, secrets: [] };
  const { blocks, variables } = await read();
  const values: StepValues = { blocks: {}, variables: {}, missing: {} };
  const secrets: Json[] = [];
  for (const [key, { id, data, missing }] of Object.entries(blocks)) {
    const clear = missing === undefined ? revealed(data) : undefined;
    if (clear === undefined) {
      values.missing[key] = missing ?? UNKNOWN;
      continue;
    }
    secrets.push(...secretValues(data));
    for (const name of id ? [key, id] : [key]) values.blocks[name] = clear as JsonObject;
  }
  for (const key of blockKeys(steps))
    if (!Object.hasOwn(blocks, key)) values.missing[key] = `: ${suggestion(key, Object.keys(blocks)) || "the stack has none"}`;
  for (const [name, value] of Object.entries(variables)) {
    secrets.push(...secretValues(value));
    const clear = revealed(value);
    if (clear !== undefined) values.variables[name] = clear;
  }
  return { values, secrets };
}

/** The blocks that placeholders name. */
function* blockKeys(steps: readonly PlannedStep[]): Generator<string> {
  for (const { step } of steps)
    for (const { kind, name } of placeholdersIn(step, "")) if (kind === "block") yield name.split(".").slice(2, 4).join("/");
}

/** Whether a step names a block or a variable. */
function namesValues(step: JsonObject): boolean {
  for (const { kind } of placeholdersIn(step, "")) if (kind === "block" || kind === "variable") return true;
  return hasReference(step);
}

function hasReference(value: Json): boolean {
  if (Array.isArray(value)) return value.some(hasReference);
  return isJsonObject(value) && (Object.hasOwn(value, "$ref") || Object.values(value).some(hasReference));
}

/** A value in clear text; `undefined` if one of its secrets is not available. */
function revealed(value: Value): Json | undefined {
  if (value instanceof Secret) return value.known ? value.reveal() : undefined;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, revealed(inner as Value)] as const);
  if (entries.some(([, inner]) => inner === undefined)) return undefined;
  return Array.isArray(value) ? entries.map(([, inner]) => inner as Json) : (Object.fromEntries(entries) as Json);
}
