import type { Value, ValueObject } from "../json";
import { type Blocks, blocksInText, resolveBlocks } from "./blocks";
import { fill } from "./fill";
import { merge } from "./merge";
import { objectAt } from "./paths";
import { resolveVariables, variablesInText } from "./variables";

/** The input for rendering a job. */
export interface JobInput {
  /** As in Prefect: an object with `job_configuration` and `variables`. */
  baseJobTemplate: ValueObject;
  deploymentJobVariables: ValueObject;
  flowRunJobVariables: ValueObject;
  /** By `<block type slug>/<block document name>`. */
  blocks: Blocks;
  /** For `{{ prefect.variables.x }}`. */
  variables: Record<string, Value>;
  /** For `{{ $NAME }}`. */
  env: Record<string, string | undefined>;
}

/**
 * Render the job configuration of one run as Prefect's workers do (`BaseJobConfiguration.resolve_for_flow_run`). It merges the job
 * variables, then inserts them into the template, then blocks, then variables. This is a pure function. Secrets stay wrapped, and their
 * content is not templated.
 * @throws {UserError} with the path of the error, and the most similar name
 */
export function resolveJob(input: JobInput): ValueObject {
  const { job_configuration: configuration, variables: schema } = objectAt(input.baseJobTemplate, "baseJobTemplate");
  const half = "; every template needs it";
  const { template, values } = merge({
    configuration: objectAt(configuration, "baseJobTemplate.job_configuration", half),
    schema: objectAt(schema, "baseJobTemplate.variables", half),
    deployment: objectAt(input.deploymentJobVariables, "job variables of the deployment"),
    run: objectAt(input.flowRunJobVariables, "job variables of the flow run"),
  });

  const { blocks, variables, env } = input;
  const path = "job_configuration";
  const finishBlocks = (text: string) => variablesInText(text, variables);
  const finish = (text: string, at: string) =>
    blocksInText(text, blocks, at).flatMap((part) => (typeof part === "string" ? finishBlocks(part) : [part]));

  const filled = fill(template, { values, env, finish }, path) as Value;
  return resolveVariables(resolveBlocks(filled, blocks, path, finishBlocks), variables, path) as ValueObject;
}
