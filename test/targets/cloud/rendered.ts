import type { JsonObject, ValueObject } from "../../../src/json";
import { prepareJob, resolveJob, validateJob } from "../../../src/template";

/** The job configuration that a template makes of job variables, as `pushpool run` does it. */
export function renderedBy(baseJobTemplate: JsonObject, jobVariables: JsonObject, runId: string): ValueObject {
  const deploymentJobVariables = { command: "python -m flows.etl", ...jobVariables };
  const job = resolveJob({ baseJobTemplate, deploymentJobVariables, flowRunJobVariables: {}, blocks: {}, variables: {}, env: {} });
  return prepareJob(validateJob(job), {
    prefect: false,
    env: {},
    flowRun: { id: runId, name: "brave-fox", parameters: {} },
    flow: { name: "hello" },
    deployment: { name: "prod" },
    workPool: { name: "etl" },
  });
}
