import { type Fault, readDeploymentTriggers } from "../automations";
import type { Json, JsonObject } from "../json";
import { UserError } from "../userError";
import { unknownKeys } from "./unknownKeys";

/**
 * Fill the placeholders in the triggers of a deployment, and check them by Prefect's rules.
 *
 * A placeholder in `parameters` that has no value stays: the server fills it when the trigger fires, for example `{{ event.id }}`.
 * @param name of the deployment, without the flow
 * @param warn receives a sentence for each field that Prefect ignores
 * @throws {UserError} with every fault and its path
 */
export function triggersOf(
  triggers: readonly JsonObject[],
  name: string | undefined,
  fill: (value: Json, field: string) => Json,
  warn: (sentence: string) => void,
): JsonObject[] {
  const filled = triggers.map(({ parameters, job_variables, ...rest }, index) => {
    const at = `triggers[${index}]`;
    return {
      ...(fill(rest, at) as JsonObject),
      ...(parameters === undefined ? {} : { parameters: fill(parameters, `${at}.parameters`) }),
      ...(job_variables === undefined ? {} : { job_variables: fill(job_variables, `${at}.job_variables`) }),
    };
  });
  const { faults, unknown } = readDeploymentTriggers(name ?? "", filled);
  const misspelt: Fault[] = [];
  for (const { at, field, known } of unknown) {
    const [found] = unknownKeys({ [field]: null }, known, { beginnings: true });
    if (found?.meant !== undefined) misspelt.push({ at, message: `is not a field of a trigger: did you mean "${found.meant}"?` });
    else if (found) warn(`${at} is not a field of a trigger and is ignored`);
  }
  const all = [...misspelt, ...faults];
  if (all.length > 0) throw new UserError(all.map(({ at, message }) => `${at} ${message}`).join("; "));
  return filled;
}
