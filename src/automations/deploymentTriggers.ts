import * as v from "valibot";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { loopFault } from "./loops";
import { anyObject, duration, type Fault, flag, readFields, text, type UnknownField } from "./readings";
import { readTrigger } from "./readTrigger";

/** The fields of a deployment's trigger beside those of the trigger itself (`BaseDeploymentTrigger`, 3.8). */
const BESIDE = {
  name: v.optional(v.nullable(text), null),
  description: v.optional(text, ""),
  enabled: v.optional(flag, true),
  parameters: v.optional(v.nullable(anyObject), null),
  job_variables: v.optional(v.nullable(anyObject), null),
  schedule_after: v.optional(duration(), 0),
};

/** An automation that runs a deployment: what Prefect makes of one of its triggers. */
export interface DeploymentAutomation {
  name: string;
  description: string;
  enabled: boolean;
  /** Complete, in the format of the API. */
  trigger: JsonObject;
  /** Of the run: `null` means those of the deployment. */
  parameters: JsonObject | null;
  jobVariables: JsonObject | null;
  /** How long the run waits, in seconds. */
  scheduleAfter: number;
  /** Which of these the file gives. The others keep their values on the server. */
  said: { description: boolean; enabled: boolean };
}

export interface ReadDeploymentTriggers {
  /** Meaningless if there are faults. */
  automations: DeploymentAutomation[];
  faults: Fault[];
  unknown: UnknownField[];
}

/**
 * Read the `triggers` of a deployment as `prefect deploy` does, with its defaults.
 * @param deployment its name without the flow: an automation without a name is called `<deployment>__automation_<position>`
 */
export function readDeploymentTriggers(deployment: string, triggers: readonly Json[]): ReadDeploymentTriggers {
  const faults: Fault[] = [];
  const unknown: UnknownField[] = [];
  const automations = triggers.map((given, index) => {
    const at = `triggers[${index}]`;
    const read = readTrigger(given, at, Object.keys(BESIDE));
    const before = faults.length;
    faults.push(...read.faults);
    unknown.push(...read.unknown);
    const said = isJsonObject(given) ? given : {};
    const beside = readFields(BESIDE, said, at, faults) as unknown as {
      [Field in keyof typeof BESIDE]: v.InferOutput<(typeof BESIDE)[Field]>;
    };
    const loop =
      faults.length > before ? undefined : loopFault(read.trigger, [{ type: "run-deployment", source: "selected" }], beside.enabled);
    if (loop !== undefined) faults.push({ at, message: loop });
    return {
      name: beside.name || defaultName(deployment, index),
      description: beside.description,
      enabled: beside.enabled,
      trigger: read.trigger,
      parameters: beside.parameters,
      jobVariables: beside.job_variables,
      scheduleAfter: beside.schedule_after,
      said: { description: said.description !== undefined, enabled: said.enabled !== undefined },
    };
  });
  return { automations, faults, unknown };
}

function defaultName(deployment: string, index: number): string {
  return `${deployment}__automation_${index + 1}`;
}

/** Whether an automation's name is one that Prefect gives to a trigger of this deployment. */
export function isDefaultName(name: string, deployment: string): boolean {
  const [before, after] = [name.slice(0, deployment.length), name.slice(deployment.length)];
  return before === deployment && /^__automation_\d+$/.test(after);
}
